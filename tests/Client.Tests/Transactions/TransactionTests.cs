using System.Reflection;
using System.Runtime.CompilerServices;
using Loire.Client.Tests.Groups.Churn;
using Loire.Client.Tests.Nodes;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;

namespace Loire.Client.Tests.Transactions;

/// <summary>Transactions of a producer on a real node.</summary>
public sealed class TransactionTests(ClientNode node) : IClassFixture<ClientNode>
{
    [Fact]
    public async Task Records_of_several_topics_count_with_the_commit_and_in_their_order()
    {
        var (first, second) = (await node.CreateTopicAsync(2), await node.CreateTopicAsync());
        await using var producer = Producer(first);
        await using var transaction = await producer.BeginTransactionAsync();
        Assert.Equal(0, (await transaction.ProduceAsync(new TopicPartition(first, 0), Value("a"))).Offset);
        await transaction.EnqueueAsync(new TopicPartition(first, 1), Value("b"));
        await transaction.EnqueueAsync(new TopicPartition(first, 0), Value("c"));
        await transaction.EnqueueAsync(second, Value("d"));
        Assert.Equal("", await ReadAsync(first, 0));
        Assert.Equal("a", (await ReadAsync(first, 0, IsolationLevel.ReadUncommitted))[..1]);
        await transaction.CommitAsync();
        Assert.Equal("a c | b | d", $"{await ReadAsync(first, 0, count: 2)} | {await ReadAsync(first, 1, count: 1)} | {await ReadAsync(second, 0, count: 1)}");
    }

    [Fact]
    public async Task A_transaction_that_is_left_aborts_and_the_next_one_follows_it()
    {
        var topic = await node.CreateTopicAsync();
        await using var producer = Producer(topic);
        for (var i = 0; i < 5; i++)
        {
            await using var transaction = await producer.BeginTransactionAsync();
            await transaction.ProduceAsync(topic, Value($"v{i}"));
            if (i % 2 == 0)
            {
                await transaction.CommitAsync();
                await Assert.ThrowsAsync<InvalidOperationException>(async () => await transaction.EnqueueAsync(topic, Value("late")));
                await Assert.ThrowsAsync<InvalidOperationException>(async () => await transaction.AbortAsync());
            }
            else if (i == 1)
            {
                await transaction.ProduceAsync(topic, Value("and more"));
                await transaction.AbortAsync();
            }
        }

        Assert.Equal("v0 v2 v4", await ReadAsync(topic, 0, count: 3));
        Assert.Contains("v3", await ReadAsync(topic, 0, IsolationLevel.ReadUncommitted, count: 6), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transaction_without_records_ends_in_both_ways()
    {
        var topic = await node.CreateTopicAsync();
        await using var producer = Producer(topic);
        await using (var nothing = await producer.BeginTransactionAsync())
        {
            await nothing.CommitAsync();
        }

        await using (var nothing = await producer.BeginTransactionAsync())
        {
            await nothing.AbortAsync();
        }

        await using var transaction = await producer.BeginTransactionAsync();
        await transaction.ProduceAsync(topic, Value("a"));
        await transaction.CommitAsync();
        Assert.Equal("a", await ReadAsync(topic, 0, count: 1));
    }

    [Fact]
    public async Task A_producer_that_begins_with_the_id_fences_the_one_before_and_aborts_what_it_has_left()
    {
        var topic = await node.CreateTopicAsync();
        await using var zombie = Producer(topic);
        var open = await zombie.BeginTransactionAsync();
        await open.ProduceAsync(topic, Value("zombie"));
        await using var producer = Producer(topic);
        await using (var transaction = await producer.BeginTransactionAsync())
        {
            await transaction.ProduceAsync(topic, Value("new"));
            await transaction.CommitAsync();
        }

        var late = await Assert.ThrowsAsync<ProduceException>(async () => await open.ProduceAsync(topic, Value("late")));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, late.Code);
        var failure = await Assert.ThrowsAsync<TransactionException>(async () => await open.CommitAsync());
        Assert.True(failure is { IsFatal: true, IsAbortable: false, IsOutcomeUnknown: false });
        await open.DisposeAsync();
        Assert.Equal("new", await ReadAsync(topic, 0, count: 1));
    }

    [Fact]
    public async Task What_was_not_delivered_lets_the_transaction_only_abort()
    {
        var topic = await node.CreateTopicAsync();
        await node.Client.Admin.AlterConfigsAsync(topic, new Dictionary<string, string?> { ["max.message.bytes"] = "1000" });
        await using var producer = Producer(topic);
        await using (var transaction = await producer.BeginTransactionAsync())
        {
            await transaction.EnqueueAsync(topic, Value("small"));
            await transaction.EnqueueAsync(topic, Value(new string('x', 2_000)));
            var failure = await Assert.ThrowsAsync<TransactionException>(async () => await transaction.CommitAsync());
            Assert.True(failure.IsAbortable && transaction.HasFailed, failure.ToString());
            Assert.Equal(ErrorCode.MessageTooLarge, failure.Code);
            var refused = await Assert.ThrowsAsync<ProduceException>(async () => await transaction.ProduceAsync(topic, Value("after")));
            Assert.Equal(ErrorCode.TransactionAbortable, refused.Code);
            await transaction.AbortAsync();
        }

        await using var next = await producer.BeginTransactionAsync();
        await next.ProduceAsync(topic, Value("next"));
        await next.CommitAsync();
        Assert.Equal("next", await ReadAsync(topic, 0, count: 1));
    }

    [Fact]
    public async Task A_transactional_producer_writes_by_its_transactions_only_and_one_at_a_time()
    {
        var topic = await node.CreateTopicAsync();
        await using var producer = Producer(topic);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await producer.ProduceAsync(topic, Value("a")));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await producer.TryProduceAsync(topic, Value("a")));
        await using var plain = node.Client.CreateProducer<string?, string>();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await plain.BeginTransactionAsync());
        await using var transaction = await producer.BeginTransactionAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await producer.BeginTransactionAsync());
        Assert.Throws<ArgumentOutOfRangeException>(() => node.Client.CreateProducer(
            new ProducerOptions<string?, string> { TransactionalId = topic, Acks = Acks.Leader }));
        var tooLong = node.Client.CreateProducer(
            new ProducerOptions<string?, string> { TransactionalId = $"{topic}-long", TransactionTimeout = TimeSpan.FromHours(1) });
        var refused = await Assert.ThrowsAsync<TransactionException>(async () => await tooLong.BeginTransactionAsync());
        Assert.Equal(ErrorCode.InvalidTransactionTimeout, refused.Code);
    }

    [Fact]
    public async Task Positions_count_with_the_commit_and_not_before()
    {
        var (source, target) = (await node.CreateTopicAsync(), await node.CreateTopicAsync());
        await node.AppendAsync(source, 0, ClientNode.Numbers(0, 10));
        await using var consumer = Consumer(source);
        await consumer.SubscribeAsync([source]);
        await using var producer = Producer(target);
        await foreach (var records in consumer.ConsumeBatchesAsync())
        {
            await using var aborted = await producer.BeginTransactionAsync();
            await aborted.SendOffsetsAsync(consumer);
            await aborted.AbortAsync();
            Assert.Empty(await consumer.CommittedAsync([new TopicPartition(source, 0)]));

            await using var transaction = await producer.BeginTransactionAsync();
            await transaction.EnqueueAsync(target, Value($"{records.Count} records"));
            await transaction.SendOffsetsAsync(consumer);
            await transaction.CommitAsync();
            break;
        }

        Assert.Equal(10, Assert.Single(await consumer.CommittedAsync([new TopicPartition(source, 0)])).Offset);
        Assert.Equal("10 records", await ReadAsync(target, 0, count: 1));
        await using var careless = node.Client.CreateConsumer(new ConsumerOptions<Ignore, string> { GroupId = source });
        await using var other = await producer.BeginTransactionAsync();
        await Assert.ThrowsAsync<ArgumentException>(async () => await other.SendOffsetsAsync(careless));
        var stale = await Assert.ThrowsAsync<GroupException>(async () => await other.SendOffsetsAsync(
            [new TopicPartitionOffset(source, 0, 3)], new ConsumerGroupMetadata(source, MemberId.Parse("nobody"), 4)));
        Assert.True(stale.Code is ErrorCode.UnknownMemberId, stale.ToString());
        await Assert.ThrowsAsync<TransactionException>(async () => await other.CommitAsync());
    }

    [Fact]
    public async Task Records_whose_partition_the_consumer_has_given_up_cannot_be_committed()
    {
        var (source, target) = (await node.CreateTopicAsync(), await node.CreateTopicAsync());
        await node.AppendAsync(source, 0, ClientNode.Numbers(0, 3));
        await using var consumer = Consumer(source);
        await consumer.SubscribeAsync([source]);
        await using var producer = Producer(target);
        await using var transaction = await producer.BeginTransactionAsync();
        await foreach (var records in consumer.ConsumeBatchesAsync())
        {
            await transaction.ProduceAsync(target, Value($"{records.Count} records"));
            await consumer.UnsubscribeAsync();
            var lost = await Assert.ThrowsAsync<GroupException>(async () => await transaction.SendOffsetsAsync(consumer));
            Assert.Equal(ErrorCode.UnknownMemberId, lost.Code);
            break;
        }
    }

    [Fact]
    public async Task Records_are_copied_exactly_once_and_in_order_though_every_fourth_transaction_fails()
    {
        const int Records = 400;
        var (source, target) = (await node.CreateTopicAsync(2), await node.CreateTopicAsync(2));
        for (var partition = 0; partition < 2; partition++)
        {
            await node.AppendAsync(source, partition, ClientNode.Numbers(0, Records));
        }

        using var stop = new CancellationTokenSource();
        await using var consumer = Consumer(source, 30);
        await consumer.SubscribeAsync([source]);
        await using var producer = Producer(target);
        var calls = 0;
        var copying = consumer.ProcessExactlyOnceAsync(
            producer,
            async (records, transaction, cancellation) =>
            {
                foreach (var record in records)
                {
                    await transaction.EnqueueAsync(new TopicPartition(target, record.Partition), Value(record.Value!), cancellation);
                }

                if (++calls % 4 == 0)
                {
                    // A record that no partition takes.
                    await transaction.ProduceAsync(new TopicPartition(target, 0), Value(new string('x', 1_048_000)), cancellation);
                }
            },
            stop.Token);
        await node.Client.Admin.AlterConfigsAsync(target, new Dictionary<string, string?> { ["max.message.bytes"] = "100000" });
        var expected = string.Join(' ', Enumerable.Range(0, Records));
        Assert.Equal(expected, await ReadAsync(target, 0, count: Records));
        Assert.Equal(expected, await ReadAsync(target, 1, count: Records));
        await stop.CancelAsync();
        await copying;
        Assert.True(calls > 2 * Records / 30, $"{calls} calls");
        Assert.All(
            await consumer.CommittedAsync([new TopicPartition(source, 0), new TopicPartition(source, 1)]), one => Assert.Equal(Records, one.Offset));
        Assert.Equal(expected, await ReadAsync(target, 0));
    }

    [Fact]
    public async Task What_the_application_throws_ends_the_processing_before_its_records()
    {
        var (source, target) = (await node.CreateTopicAsync(), await node.CreateTopicAsync());
        await node.AppendAsync(source, 0, ClientNode.Numbers(0, 3));
        await using var consumer = Consumer(source);
        await consumer.SubscribeAsync([source]);
        await using var producer = Producer(target);
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => consumer.ProcessExactlyOnceAsync(producer, async (records, transaction, cancellation) =>
        {
            await transaction.ProduceAsync(target, Value("never"), cancellation);
            throw new InvalidTimeZoneException();
        }));
        Assert.Equal("", await ReadAsync(target, 0));
        using var stop = new CancellationTokenSource();
        var commits = new TaskCompletionSource();
        var processing = consumer.ProcessExactlyOnceAsync(
            producer,
            async (records, transaction, cancellation) =>
            {
                await transaction.EnqueueAsync(target, Value($"{records[0].Offset}"), cancellation);
                commits.SetResult();
            },
            stop.Token);
        await commits.Task;
        Assert.Equal("0", await ReadAsync(target, 0, count: 1));
        await stop.CancelAsync();
        await processing;
    }

    [Fact]
    public async Task Cancellation_hides_nothing_that_the_application_throws_but_a_cancellation()
    {
        var (source, target) = (await node.CreateTopicAsync(), await node.CreateTopicAsync());
        await node.AppendAsync(source, 0, ClientNode.Numbers(0, 3));
        await using var consumer = Consumer(source);
        await consumer.SubscribeAsync([source]);
        await using var producer = Producer(target);
        Exception[] thrown =
        [
            new InvalidTimeZoneException(), new GroupException(ErrorCode.UnknownMemberId, "another"), new TransactionException(ErrorCode.InvalidTxnState, false, false),
        ];
        foreach (var one in thrown)
        {
            using var stop = new CancellationTokenSource();
            var failure = await Assert.ThrowsAnyAsync<Exception>(() => consumer.ProcessExactlyOnceAsync(
                producer,
                async (records, transaction, cancellation) =>
                {
                    await transaction.ProduceAsync(target, Value("never"), cancellation);
                    await stop.CancelAsync();
                    throw one;
                },
                stop.Token));
            Assert.Same(one, failure);
        }

        using var cancelled = new CancellationTokenSource();
        await consumer.ProcessExactlyOnceAsync(
            producer,
            async (records, transaction, cancellation) =>
            {
                await cancelled.CancelAsync();
                cancellation.ThrowIfCancellationRequested();
            },
            cancelled.Token);
        Assert.Equal("", await ReadAsync(target, 0));
    }

    [Fact]
    public async Task What_the_application_throws_is_not_lost_when_the_group_does_not_tell_where_to_begin_again()
    {
        var (source, target) = (await node.CreateTopicAsync(), await node.CreateTopicAsync());
        await node.AppendAsync(source, 0, ClientNode.Numbers(0, 3));
        var isSilent = new StrongBox<bool>();
        var client = new LoireClient(WatchedGrains.Over(node.Grains, (group, _) => SilentGroup.Over(group, isSilent)));
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string>
        {
            GroupId = source,
            EnableAutoCommit = false,
            AutoOffsetReset = OffsetSpec.Earliest,
            RetryBackoff = TimeSpan.FromMilliseconds(5),
            UnavailableTimeout = TimeSpan.FromMilliseconds(500),
        });
        await consumer.SubscribeAsync([source]);
        await using var producer = Producer(target);
        var both = await Assert.ThrowsAsync<AggregateException>(() => consumer.ProcessExactlyOnceAsync(producer, async (records, transaction, cancellation) =>
        {
            await transaction.ProduceAsync(target, Value("never"), cancellation);
            isSilent.Value = true;
            throw new InvalidTimeZoneException();
        }));
        Assert.Collection(both.InnerExceptions, one => Assert.IsType<InvalidTimeZoneException>(one), two => Assert.IsType<GroupException>(two));
        Assert.Equal("", await ReadAsync(target, 0));
    }

    private static Message<string?, string> Value(string value) => new() { Value = value };

    private IProducer<string?, string> Producer(string id) => node.Client.CreateProducer(new ProducerOptions<string?, string>
    {
        TransactionalId = id,
        RetryBackoff = TimeSpan.FromMilliseconds(5),
    });

    private IConsumer<Ignore, string> Consumer(string group, int maxPollRecords = 500) => node.Client.CreateConsumer(new ConsumerOptions<Ignore, string>
    {
        GroupId = group,
        EnableAutoCommit = false,
        AutoOffsetReset = OffsetSpec.Earliest,
        MaxPollRecords = maxPollRecords,
    });

    /// <summary>The values that a consumer gets, as many as are expected; without a number, those that there are now.</summary>
    private async Task<string> ReadAsync(string topic, int partition, IsolationLevel isolation = IsolationLevel.ReadCommitted, int count = 0)
    {
        if (count == 0)
        {
            return await CommittedLog.ReadAsync(node, topic, partition, isolation);
        }

        await using var consumer = node.Client.CreateConsumer(new ConsumerOptions<Ignore, string> { IsolationLevel = isolation });
        await consumer.AssignAsync([new TopicPartitionOffset(topic, partition, 0)]);
        var values = new List<string>();
        await foreach (var records in consumer.ConsumeBatchesAsync())
        {
            values.AddRange(records.Select(record => record.Value!));
            if (values.Count >= count)
            {
                break;
            }
        }

        return string.Join(' ', values);
    }
}

/// <summary>A group whose positions cannot be asked for while it is silent.</summary>
public class SilentGroup : DispatchProxy
{
    private IGroupGrain _group = null!;
    private StrongBox<bool> _isSilent = null!;

    /// <summary>The group, as long as it is not silent.</summary>
    public static IGroupGrain Over(IGroupGrain group, StrongBox<bool> isSilent)
    {
        var proxy = Create<IGroupGrain, SilentGroup>();
        ((SilentGroup)(object)proxy)._group = group;
        ((SilentGroup)(object)proxy)._isSilent = isSilent;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _isSilent.Value && targetMethod!.Name == nameof(IGroupGrain.Offsets)
            ? ValueTask.FromException<OffsetsResult>(new TimeoutException("The group is silent."))
            : targetMethod!.Invoke(_group, args);
}
