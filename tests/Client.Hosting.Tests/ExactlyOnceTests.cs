using System.Collections.Concurrent;
using Loire.Client.Testing;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Loire.Client.Hosting.Tests;

/// <summary>Handlers whose output and positions count together, on a real node.</summary>
public sealed class ExactlyOnceTests : IAsyncLifetime
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
    public async Task Output_counts_once_and_in_order_while_instances_join_and_leave()
    {
        const int Partitions = 4;
        await CreateAsync(Partitions);
        var produced = 0;
        async Task ProduceAndWaitAsync()
        {
            for (var i = 0; i < 30; i++, produced++)
            {
                for (var partition = 0; partition < Partitions; partition++)
                {
                    await _producer.EnqueueAsync(new TopicPartition("t", partition), new Message<string, string> { Value = $"{produced}" });
                }
            }

            await _producer.FlushAsync();
            for (var partition = 0; partition < Partitions; partition++)
            {
                await ReadAsync("out", produced, partition);
            }
        }

        var (first, second) = (new ConcurrentQueue<int>(), new ConcurrentQueue<int>());
        await using (await ExactlyOnceHost.StartAsync(_cluster, "a", Watch(first)))
        {
            await ProduceAndWaitAsync();
            await using (await ExactlyOnceHost.StartAsync(_cluster, "b", Watch(second)))
            {
                for (var i = 0; second.IsEmpty; i++)
                {
                    Assert.True(i < 1_000, "They do not share.");
                    await ProduceAndWaitAsync();
                }
            }

            await ProduceAndWaitAsync();
        }

        for (var partition = 0; partition < Partitions; partition++)
        {
            Assert.Equal(Enumerable.Range(0, produced).Select(i => $"{i}"), await ReadAllAsync("out", partition));
        }
    }

    [Fact]
    public async Task What_an_instance_that_died_has_left_open_is_aborted_when_it_begins_again_and_done_anew()
    {
        await CreateAsync(1);
        await ProduceAsync("v0", "v1", "v2");
        var dead = _cluster.Client.CreateProducer(new ProducerOptions<string, string> { TransactionalId = "g.TransformHandler.a" });
        var half = await dead.BeginTransactionAsync();
        await half.ProduceAsync("out", new Message<string, string> { Value = "half" });
        await using (var consumer = _cluster.Client.CreateConsumer(new ConsumerOptions<string, string>
        {
            GroupId = "g",
            EnableAutoCommit = false,
            AutoOffsetReset = OffsetSpec.Earliest,
        }))
        {
            await consumer.SubscribeAsync(["t"]);
            await foreach (var records in consumer.ConsumeBatchesAsync())
            {
                await half.SendOffsetsAsync(consumer);
                break;
            }
        }

        await using var host = await ExactlyOnceHost.StartAsync(_cluster, "a");
        Assert.Equal(["v0", "v1", "v2"], await ReadAsync("out", 3));
    }

    [Fact]
    public async Task An_instance_that_comes_back_after_another_has_taken_its_name_writes_nothing_and_says_so()
    {
        await CreateAsync(1);
        var (inHand, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        var slow = new Transform
        {
            Handle = async (context, output, cancellation) =>
            {
                inHand.TrySetResult();
                await gate.Task;
                await Transform.CopyAsync(context, output, cancellation);
            },
        };
        await using var zombie = await ExactlyOnceHost.StartAsync(_cluster, "a", slow);
        await ProduceAsync("v0", "v1", "v2");
        await inHand.Task;
        var epoch = await EpochAsync();
        await using var successor = await ExactlyOnceHost.StartAsync(_cluster, "a");
        for (var i = 0; await EpochAsync() == epoch; i++)
        {
            Assert.True(i < 100_000, "The successor does not begin.");
        }

        gate.SetResult();
        for (var i = 0; !(await zombie.ComplaintAsync()).Contains("has taken over", StringComparison.Ordinal); i++)
        {
            Assert.True(i < 100_000, "The zombie does not stop.");
        }

        Assert.False(zombie.Host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        Assert.Equal(["v0", "v1", "v2"], await ReadAsync("out", 3));
        Assert.Equal("", await successor.ComplaintAsync());

        async Task<short> EpochAsync()
        {
            var coordinator = _cluster.Services.GetRequiredService<IGrainFactory>().GetGrain<ITransactionGrain>("g.TransformHandler.a");
            return (await coordinator.Describe()).Transaction!.Producer.Epoch;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_record_that_cannot_be_handled_goes_to_the_dead_letter_topic_without_output_and_the_others_are_handled(bool isUnreadable)
    {
        await CreateAsync(1);
        await _cluster.Client.Admin.CreateTopicAsync(new NewTopic("dead", 1));
        var transform = new Transform
        {
            Handle = async (context, output, cancellation) =>
            {
                await Transform.CopyAsync(context, output, cancellation);
                if (context.Value == "bad")
                {
                    throw new InvalidOperationException("it is bad");
                }
            },
        };
        await using var host = await ExactlyOnceHost.StartAsync(_cluster, "a", transform, options => options.DeadLetterTopic = "dead");
        if (isUnreadable)
        {
            await ProduceAsync("v0");
            await using var raw = _cluster.Client.CreateProducer<byte[], byte[]>();
            await raw.ProduceAsync("t", new Message<byte[], byte[]> { Value = [0xff, 0xfe] });
            await ProduceAsync("v1");
        }
        else
        {
            await ProduceAsync("v0", "bad", "v1");
        }

        Assert.Equal(["v0", "v1"], await ReadAsync("out", 2));
        await using var consumer = _cluster.Client.CreateConsumer<byte[], byte[]>(new() { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([new TopicPartition("dead", 0)]);
        await foreach (var dead in consumer.ConsumeAsync())
        {
            string? Header(string key) => dead.Headers.TryGetLast(key, out var header) ? header.Text : null;
            Assert.Equal(
                ("t", "1", isUnreadable ? "0" : "3"), (Header(FailureHeaders.Topic), Header(FailureHeaders.Offset), Header(FailureHeaders.Attempts)));
            break;
        }
    }

    [Fact]
    public async Task A_record_whose_output_is_refused_fails_alone()
    {
        await CreateAsync(1);
        await _cluster.Client.Admin.CreateTopicAsync(new NewTopic("dead", 1));
        await ProduceAsync("v0", "v1", "large", "v2");
        var transform = new Transform
        {
            Handle = (context, output, cancellation) => output.EnqueueAsync(
                new TopicPartition("out", 0), new Message<string, string> { Value = context.Value == "large" ? new string('x', 2_000_000) : context.Value }, cancellation),
        };
        await using var host = await ExactlyOnceHost.StartAsync(_cluster, "a", transform, options => options.DeadLetterTopic = "dead");
        Assert.Equal(["v0", "v1", "v2"], await ReadAsync("out", 3));
        Assert.Equal(["large"], await ReadAsync("dead", 1));
        Assert.Equal("", await host.ComplaintAsync());
    }

    [Fact]
    public async Task A_poison_record_stalls_its_partition_after_what_precedes_it_was_committed()
    {
        await CreateAsync(2);
        var transform = new Transform
        {
            Handle = (context, output, cancellation) =>
                context.Value == "bad" ? throw new InvalidOperationException("it is bad") : Transform.CopyAsync(context, output, cancellation),
        };
        await ProduceAsync("v0", "bad", "v1");
        await using var host = await ExactlyOnceHost.StartAsync(_cluster, "a", transform);
        Assert.Equal(["v0"], await ReadAsync("out", 1));
        for (var i = 0; await host.ComplaintAsync() != "TransformHandler: t-0 is stalled at offset 1."; i++)
        {
            Assert.True(i < 10_000, await host.ComplaintAsync());
            await Task.Yield();
        }

        await _producer.ProduceAsync(new TopicPartition("t", 1), new Message<string, string> { Value = "other" });
        Assert.Equal(["other"], await ReadAsync("out", 1, partition: 1));
        Assert.Equal(["v0"], await ReadAllAsync("out", 0));
        await using var outside = _cluster.Client.CreateConsumer(new ConsumerOptions<Ignore, Ignore> { GroupId = "g" });
        Assert.Equal(1, Assert.Single(await outside.CommittedAsync([new TopicPartition("t", 0)])).Offset);
    }

    [Fact]
    public async Task A_poison_record_can_stop_the_host()
    {
        await CreateAsync(1);
        await ProduceAsync("v0", "bad");
        var transform = new Transform
        {
            Handle = (context, output, cancellation) =>
                context.Value == "bad" ? throw new InvalidOperationException("it is bad") : Transform.CopyAsync(context, output, cancellation),
        };
        await using var host = await ExactlyOnceHost.StartAsync(_cluster, "a", transform, options => options.OnPoison = PoisonPolicy.StopHost);
        var stopping = new TaskCompletionSource();
        using var registration = host.Host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);
        await stopping.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(["v0"], await ReadAsync("out", 1));
    }

    [Fact]
    public async Task Output_that_is_added_after_the_call_has_ended_is_refused()
    {
        await CreateAsync(1);
        var kept = new TaskCompletionSource<IHandlerOutput<string, string>>();
        var transform = new Transform
        {
            Handle = (context, output, cancellation) =>
            {
                kept.TrySetResult(output);
                return Transform.CopyAsync(context, output, cancellation);
            },
        };
        await using var host = await ExactlyOnceHost.StartAsync(_cluster, "a", transform);
        await ProduceAsync("v0");
        var output = await kept.Task;
        Assert.Equal(["v0"], await ReadAsync("out", 1));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await output.EnqueueAsync("out", new Message<string, string> { Value = "late" }));
    }

    [Fact]
    public void Options_that_would_break_the_promise_are_rejected_at_registration()
    {
        var services = new ServiceCollection();
        void Add(Action<ExactlyOnceOptions<string, string, string, string>> configure) =>
            services.AddLoireExactlyOnce<TransformHandler, string, string, string, string>("t", options =>
            {
                (options.GroupId, options.InstanceName) = ("g", "a");
                configure(options);
            });
        Assert.Throws<ArgumentException>(() => Add(options => options.GroupId = null));
        Assert.Throws<ArgumentException>(() => Add(options => options.InstanceName = ""));
        Assert.Throws<ArgumentException>(() => Add(options => options.Producer.TransactionalId = "mine"));
        Assert.Throws<ArgumentException>(() => Add(options => options.Producer.Acks = Acks.Leader));
        Assert.Throws<ArgumentException>(() => Add(options => options.Retry.Attempts = 0));
        Assert.ThrowsAny<Exception>(() => Add(options => options.InstanceName = new string('x', 1_000)));
        Add(_ => { });
        Assert.Contains("fence each other", Assert.Throws<ArgumentException>(() => Add(_ => { })).Message, StringComparison.Ordinal);
        Add(options => options.InstanceName = "b");
        Assert.Equal(2, services.Count(service => service.ServiceType == typeof(IHostedService)));
    }

    private static Transform Watch(ConcurrentQueue<int> seen) => new()
    {
        Handle = (context, output, cancellation) =>
        {
            seen.Enqueue(context.Record.Partition);
            return Transform.CopyAsync(context, output, cancellation);
        },
    };

    private async Task CreateAsync(int partitions)
    {
        await _cluster.Client.Admin.CreateTopicAsync(new NewTopic("t", partitions));
        await _cluster.Client.Admin.CreateTopicAsync(new NewTopic("out", partitions));
    }

    private async Task ProduceAsync(params string[] values)
    {
        foreach (var value in values)
        {
            await _producer.ProduceAsync(new TopicPartition("t", 0), new Message<string, string> { Value = value });
        }
    }

    /// <summary>The committed values of a partition, once there are as many as expected.</summary>
    private async Task<List<string>> ReadAsync(string topic, int count, int partition = 0)
    {
        await using var consumer = _cluster.Client.CreateConsumer<string, string>(new() { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([new TopicPartition(topic, partition)]);
        var values = new List<string>();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var record in consumer.ConsumeAsync(timeout.Token))
        {
            values.Add(record.Value!);
            if (values.Count >= count)
            {
                break;
            }
        }

        return values;
    }

    /// <summary>All committed values of a partition that end before a record that is written now.</summary>
    private async Task<List<string>> ReadAllAsync(string topic, int partition)
    {
        await _producer.ProduceAsync(new TopicPartition(topic, partition), new Message<string, string> { Value = "end" });
        await using var consumer = _cluster.Client.CreateConsumer<string, string>(new() { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([new TopicPartition(topic, partition)]);
        var values = new List<string>();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var record in consumer.ConsumeAsync(timeout.Token))
        {
            if (record.Value == "end")
            {
                break;
            }

            values.Add(record.Value!);
        }

        return values;
    }
}
