using Loire.Client.Testing;
using Loire.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Loire.Client.Hosting.Tests;

public sealed class HostedConsumerTests : IAsyncLifetime
{
    private LoireTestCluster _cluster = null!;
    private IProducer<string, string> _producer = null!;

    public async Task InitializeAsync()
    {
        _cluster = await LoireTestCluster.StartAsync();
        _producer = _cluster.Client.CreateProducer<string, string>();
    }

    public async Task DisposeAsync()
    {
        await _producer.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Records_of_a_partition_are_handled_one_at_a_time_in_order()
    {
        await CreateAsync("t", 3);
        var busy = new int[3];
        var probe = new Probe
        {
            Handle = async (context, _) =>
            {
                Assert.Equal(1, Interlocked.Increment(ref busy[context.Record.Partition]));
                await Task.Yield();
                Interlocked.Decrement(ref busy[context.Record.Partition]);
            },
        };
        await using var host = await HandlerHost.StartAsync(_cluster, probe: probe);
        await ProduceAsync("t", Enumerable.Range(0, 300).Select(i => ($"k{i % 7}", $"v{i}")));
        var seen = await probe.TakeAsync(300);
        Assert.All(seen, context => Assert.Equal(1, context.Attempt));
        foreach (var partition in seen.GroupBy(context => context.Record.Partition))
        {
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(i => new Offset(i)), partition.Select(context => context.Record.Offset));
        }
    }

    [Fact]
    public async Task Hosts_of_a_group_share_the_partitions_and_each_record_is_handled_once_while_hosts_join_and_leave()
    {
        await CreateAsync("t", 4);
        var (first, second) = (new Probe(), new Probe());
        var produced = 0;
        async Task ProduceAndWaitAsync()
        {
            await ProduceAsync("t", Enumerable.Range(0, 40).Select(i => ($"k{i}", $"v{i}")));
            produced += 40;
            for (var i = 0; first.Calls.Count + second.Calls.Count < produced; i++)
            {
                Assert.True(i < 6_000, "Records are missing.");
                await Task.Delay(10);
            }
        }

        await using (await HandlerHost.StartAsync(_cluster, options => options.GroupId = "g", probe: second))
        {
            await using (await HandlerHost.StartAsync(_cluster, options => options.GroupId = "g", probe: first))
            {
                for (var i = 0; first.Calls.IsEmpty || second.Calls.IsEmpty; i++)
                {
                    Assert.True(i < 1_000, "They do not share.");
                    await ProduceAndWaitAsync();
                }
            }

            await ProduceAndWaitAsync();
        }

        var handled = first.Calls.Concat(second.Calls).Select(call => (call.Record.Partition, call.Record.Offset)).ToList();
        Assert.Equal(produced, handled.Distinct().Count());
        Assert.Equal(produced, handled.Count);
        await using var outside = _cluster.Client.CreateConsumer(new ConsumerOptions<Ignore, Ignore> { GroupId = "g" });
        var committed = await outside.CommittedAsync(Enumerable.Range(0, 4).Select(i => new TopicPartition("t", i)));
        Assert.Equal(produced, committed.Sum(one => one.Offset.Value));
    }

    [Fact]
    public async Task Records_with_equal_keys_stay_in_order_and_do_not_delay_other_keys()
    {
        await CreateAsync("t", 1);
        var gate = new TaskCompletionSource();
        var probe = new Probe { Handle = async (context, _) => await (context.Key == "slow" ? gate.Task : Task.CompletedTask) };
        await using var host = await HandlerHost.StartAsync(_cluster, options => options.Concurrency = Concurrency.PerKey(64), probe: probe);
        await ProduceAsync("t", [("slow", "s0"), .. Enumerable.Range(0, 40).Select(i => ($"k{i % 4}", $"v{i}")), ("slow", "s1")]);

        // Some of these keys may share the lane of the slow one; not all of them do.
        var ahead = await probe.TakeAsync(1);
        Assert.NotEqual("slow", ahead[0].Key);
        gate.SetResult();
        var seen = ahead.Concat(await probe.TakeAsync(41)).ToList();
        foreach (var key in seen.GroupBy(context => context.Key))
        {
            Assert.Equal(key.OrderBy(context => context.Record.Offset), key);
        }
    }

    [Fact]
    public async Task A_handler_that_throws_is_retried_before_the_next_record()
    {
        await CreateAsync("t", 1);
        var probe = new Probe { Handle = (context, _) => context.Value == "bad" && context.Attempt < 3 ? throw new InvalidOperationException("no") : default };
        await using var host = await HandlerHost.StartAsync(_cluster, probe: probe);
        await ProduceAsync("t", [("a", "good"), ("a", "bad"), ("a", "after")]);
        var seen = await probe.TakeAsync(3);
        Assert.Equal([("good", 1), ("bad", 3), ("after", 1)], seen.Select(context => (context.Value, context.Attempt)));
    }

    [Fact]
    public async Task A_record_that_cannot_be_handled_goes_to_the_dead_letter_topic_with_its_history()
    {
        await CreateAsync("t", 1);
        await CreateAsync("dead", 1);
        var probe = new Probe { Handle = (context, _) => context.Value == "bad" ? throw new InvalidOperationException("it is bad") : default };
        await using var host = await HandlerHost.StartAsync(_cluster, options => options.DeadLetterTopic = "dead", probe: probe);
        await _producer.ProduceAsync("t", new Message<string, string> { Key = "k", Value = "bad", Headers = new Headers().Add("mine", "1") });
        await ProduceAsync("t", [("k", "good")]);
        Assert.Equal("good", (await probe.TakeAsync(1))[0].Value);
        var dead = (await ReadAsync("dead", 1))[0];
        Assert.Equal(("k", "bad"), (dead.Key, dead.Value));
        string? Header(string key) => dead.Headers.TryGetLast(key, out var header) ? header.Text : null;
        Assert.Equal(
            ("1", "t", "0", "0", "3", "System.InvalidOperationException", "it is bad", null),
            (Header("mine"), Header(FailureHeaders.Topic), Header(FailureHeaders.Partition), Header(FailureHeaders.Offset),
            Header(FailureHeaders.Attempts), Header(FailureHeaders.ExceptionType), Header(FailureHeaders.ExceptionMessage), Header(FailureHeaders.NotBefore)));
    }

    [Fact]
    public async Task Bytes_that_cannot_be_deserialized_are_not_retried_and_not_lost()
    {
        await CreateAsync("t", 1);
        await CreateAsync("dead", 1);
        await using var bytes = _cluster.Client.CreateProducer<byte[], byte[]>();
        await using var host = await HandlerHost.StartAsync(_cluster, options => options.DeadLetterTopic = "dead");
        await bytes.ProduceAsync("t", new Message<byte[], byte[]> { Value = [0xff, 0xfe] });
        await ProduceAsync("t", [("k", "good")]);
        Assert.Equal("good", (await host.Probe.TakeAsync(1))[0].Value);
        Assert.Single(host.Probe.Calls);
        await using var reader = _cluster.Client.CreateConsumer<byte[], byte[]>(new() { AutoOffsetReset = OffsetSpec.Earliest });
        await reader.AssignAsync([new TopicPartition("dead", 0)]);
        await foreach (var dead in reader.ConsumeAsync())
        {
            Assert.Equal([0xff, 0xfe], dead.Value);
            break;
        }
    }

    [Fact]
    public async Task A_record_passes_its_retry_topics_in_order_without_delaying_other_records()
    {
        foreach (var topic in new[] { "t", "r1", "r2", "dead" })
        {
            await CreateAsync(topic, 1);
        }

        var probe = new Probe { Handle = (context, _) => context.Value == "bad" ? throw new InvalidOperationException("no") : default };
        await using var host = await HandlerHost.StartAsync(_cluster, options =>
        {
            options.Retry.Attempts = 2;
            options.RetryTopics.Add(new RetryTopic("r1", TimeSpan.FromMilliseconds(20)));
            options.RetryTopics.Add(new RetryTopic("r2", TimeSpan.FromMilliseconds(20)));
            options.DeadLetterTopic = "dead";
        }, probe: probe);
        await ProduceAsync("t", [("a", "bad"), ("a", "good")]);
        Assert.Equal("good", (await probe.TakeAsync(1))[0].Value);
        var dead = (await ReadAsync("dead", 1))[0];
        Assert.True(dead.Headers.TryGetLast(FailureHeaders.Attempts, out var attempts) && attempts.Text == "6");
        Assert.True(dead.Headers.TryGetLast(FailureHeaders.Topic, out var origin) && origin.Text == "t");
        Assert.Equal(["t", "t", "r1", "r1", "r2", "r2"], probe.Calls.Where(call => call.Value == "bad").Select(call => call.Record.Topic));
        Assert.Equal([1, 2, 3, 4, 5, 6], probe.Calls.Where(call => call.Value == "bad").Select(call => call.Attempt));
    }

    [Fact]
    public async Task Without_a_dead_letter_topic_a_partition_stalls_and_the_health_check_reports_its_offset()
    {
        await CreateAsync("t", 2);
        var probe = new Probe { Handle = (context, _) => context.Value == "bad" ? throw new InvalidOperationException("no") : default };
        await using var host = await HandlerHost.StartAsync(_cluster, probe: probe);
        await _producer.ProduceAsync(new TopicPartition("t", 0), new Message<string, string> { Value = "bad" });
        await _producer.ProduceAsync(new TopicPartition("t", 0), new Message<string, string> { Value = "behind it" });
        var health = host.Host.Services.GetRequiredService<HealthCheckService>();
        HealthReport report;
        do
        {
            await _producer.ProduceAsync(new TopicPartition("t", 1), new Message<string, string> { Value = "beside it" });
            Assert.Equal("beside it", (await probe.TakeAsync(1))[0].Value);
            report = await health.CheckHealthAsync();
        }
        while (report.Status == HealthStatus.Healthy);
        Assert.Contains("t-0 is stalled at offset 0", report.Entries["loire-consumers"].Description, StringComparison.Ordinal);
        Assert.DoesNotContain(probe.Calls, call => call.Value == "behind it");
    }

    [Fact]
    public async Task A_poison_record_is_skipped_or_stops_the_host_by_policy()
    {
        await CreateAsync("t", 1);
        await ProduceAsync("t", [("a", "bad"), ("a", "good")]);
        Func<ConsumeContext<string, string>, CancellationToken, ValueTask> refuse = (context, _) =>
            context.Value == "bad" ? throw new InvalidOperationException("no") : default;
        await using (var skipping = await HandlerHost.StartAsync(
            _cluster, options => options.OnPoison = PoisonPolicy.Skip, probe: new Probe { Handle = refuse }))
        {
            Assert.Equal("good", (await skipping.Probe.TakeAsync(1))[0].Value);
        }

        await using var stopping = await HandlerHost.StartAsync(
            _cluster, options => options.OnPoison = PoisonPolicy.StopHost, probe: new Probe { Handle = refuse });
        await stopping.Host.WaitForShutdownAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.DoesNotContain(stopping.Probe.Calls, call => call.Value == "good");
    }

    [Fact]
    public async Task A_stopping_host_waits_for_the_record_being_handled_and_its_successor_continues_after_it()
    {
        await CreateAsync("t", 1);
        var positions = new InMemoryPositionStore();
        var (entered, leave) = (new TaskCompletionSource(), new TaskCompletionSource());
        var probe = new Probe
        {
            Handle = async (context, _) =>
            {
                entered.TrySetResult();
                await leave.Task;
            },
        };
        var host = await HandlerHost.StartAsync(_cluster, positions: positions, probe: probe);
        await ProduceAsync("t", [("a", "v0"), ("a", "v1"), ("a", "v2")]);
        await entered.Task;
        var stopping = host.DisposeAsync();
        leave.SetResult();
        await stopping;
        Assert.Equal("v0", Assert.Single(probe.Calls).Value);

        await using var next = await HandlerHost.StartAsync(_cluster, positions: positions);
        Assert.Equal(["v1", "v2"], (await next.Probe.TakeAsync(2)).Select(context => context.Value));
    }

    [Fact]
    public async Task A_handler_that_hangs_is_cancelled_at_the_end_of_the_drain_and_its_record_is_read_again()
    {
        await CreateAsync("t", 1);
        var positions = new InMemoryPositionStore();
        var entered = new TaskCompletionSource();
        var probe = new Probe
        {
            Handle = async (_, cancellation) =>
            {
                entered.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellation);
            },
        };
        var host = await HandlerHost.StartAsync(
            _cluster, options => options.DrainOnShutdown = TimeSpan.FromMilliseconds(50), positions, probe);
        await ProduceAsync("t", [("a", "v0")]);
        await entered.Task;
        await host.DisposeAsync();
        await using var next = await HandlerHost.StartAsync(_cluster, positions: positions);
        Assert.Equal("v0", (await next.Probe.TakeAsync(1))[0].Value);
    }

    [Fact]
    public async Task A_partition_with_a_slow_handler_holds_a_bounded_number_of_records_and_does_not_delay_others()
    {
        await CreateAsync("t", 2);
        var gate = new TaskCompletionSource();
        var probe = new Probe { Handle = async (context, _) => await (context.Record.Partition == 0 ? gate.Task : Task.CompletedTask) };
        await using var host = await HandlerHost.StartAsync(_cluster, options =>
        {
            options.MaxUnfinishedPerPartition = 10;
            options.Consumer.MaxPollRecords = 5;
        }, probe: probe);
        var slow = Enumerable.Range(0, 200).Select(i => _producer.ProduceAsync(new TopicPartition("t", 0), new Message<string, string> { Value = $"s{i}" }).AsTask());
        var fast = Enumerable.Range(0, 200).Select(i => _producer.ProduceAsync(new TopicPartition("t", 1), new Message<string, string> { Value = $"f{i}" }).AsTask());
        await Task.WhenAll([.. slow, .. fast]);
        Assert.All(await probe.TakeAsync(200), context => Assert.StartsWith("f", context.Value, StringComparison.Ordinal));
        gate.SetResult();
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"s{i}"), (await probe.TakeAsync(200)).Select(context => context.Value));
    }

    [Fact]
    public async Task A_failing_position_store_is_retried_and_the_last_commit_is_still_made()
    {
        await CreateAsync("t", 1);
        var positions = new MoodyPositions();
        var host = await HandlerHost.StartAsync(_cluster, options => options.MetadataMaxAge = TimeSpan.FromMilliseconds(50), positions);
        await ProduceAsync("t", [("a", "v0")]);
        await host.Probe.TakeAsync(1);
        positions.FailuresLeft = 3;
        await _cluster.Client.Admin.CreatePartitionsAsync("t", 2);
        await using var producer = _cluster.Client.CreateProducer<string, string>();
        await producer.ProduceAsync(new TopicPartition("t", 1), new Message<string, string> { Value = "new" });
        Assert.Equal("new", (await host.Probe.TakeAsync(1))[0].Value);
        await host.DisposeAsync();
        Assert.Equal(0, positions.FailuresLeft);
        Assert.Equal(2, host.Probe.Calls.Count);
        Assert.Equal(1, await positions.FindAsync("ProbeHandler", new TopicPartition("t", 1), default));
    }

    [Fact]
    public async Task An_added_partition_is_read_from_its_first_record()
    {
        await CreateAsync("t", 1);
        await using var host = await HandlerHost.StartAsync(_cluster, options => options.MetadataMaxAge = TimeSpan.FromMilliseconds(50));
        await ProduceAsync("t", [("a", "v0")]);
        await host.Probe.TakeAsync(1);
        await _cluster.Client.Admin.CreatePartitionsAsync("t", 2);
        await using var producer = _cluster.Client.CreateProducer<string, string>();
        await producer.ProduceAsync(new TopicPartition("t", 1), new Message<string, string> { Value = "new" });
        Assert.Equal("new", (await host.Probe.TakeAsync(1))[0].Value);
    }

    [Fact]
    public async Task A_consumer_waits_for_a_topic_that_does_not_exist_yet_and_the_health_check_names_it()
    {
        await using var host = await HandlerHost.StartAsync(_cluster);
        var health = host.Host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
        await CreateAsync("t", 1);
        await ProduceAsync("t", [("a", "v0")]);
        Assert.Equal("v0", (await host.Probe.TakeAsync(1))[0].Value);
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
    }

    [Fact]
    public void Options_out_of_range_are_rejected_at_registration()
    {
        var services = new ServiceCollection();
        Assert.Throws<ArgumentException>(() => services.AddLoireConsumer<ProbeHandler, string, string>("t", options => options.Retry.Attempts = 0));
        Assert.Throws<ArgumentException>(() => services.AddLoireConsumer<ProbeHandler, string, string>("t", options => options.CommitInterval = TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => Concurrency.PerKey(0));
        Assert.Throws<ArgumentException>(() => services.AddLoireConsumer<Probe>("t"));
        services.AddLoireConsumer<ProbeHandler>("t", options => options.Name = "by one type parameter");
        Assert.Contains(services, service => service.ServiceType == typeof(IHostedService));
    }

    private async Task CreateAsync(string topic, int partitions) =>
        await _cluster.Client.Admin.CreateTopicAsync(new NewTopic(topic, partitions));

    private async Task ProduceAsync(string topic, IEnumerable<(string Key, string Value)> records)
    {
        var outcomes = await _producer.ProduceBatchAsync(
            topic, [.. records.Select(record => new Message<string, string> { Key = record.Key, Value = record.Value })]);
        Assert.All(outcomes, outcome => Assert.True(outcome.IsDelivered));
    }

    private async Task<List<ConsumeResult<string, string>>> ReadAsync(string topic, int count)
    {
        await using var consumer = _cluster.Client.CreateConsumer<string, string>(new() { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([new TopicPartition(topic, 0)]);
        var records = new List<ConsumeResult<string, string>>();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var record in consumer.ConsumeAsync(timeout.Token))
        {
            records.Add(record);
            if (records.Count == count)
            {
                break;
            }
        }

        Assert.Equal(count, records.Count);
        return records;
    }

    private sealed class MoodyPositions : IPositionStore
    {
        private readonly InMemoryPositionStore _positions = new();

        public int FailuresLeft { get; set; }

        public ValueTask<Offset?> FindAsync(string consumer, TopicPartition partition, CancellationToken cancellation)
        {
            if (FailuresLeft > 0)
            {
                FailuresLeft--;
                throw new InvalidOperationException("The store has no mind to answer.");
            }

            return _positions.FindAsync(consumer, partition, cancellation);
        }

        public ValueTask CommitAsync(string consumer, IReadOnlyCollection<TopicPartitionOffset> positions, CancellationToken cancellation) =>
            _positions.CommitAsync(consumer, positions, cancellation);
    }
}
