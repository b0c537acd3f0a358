using System.Collections.Concurrent;
using Loire.Client.Tests.Nodes;
using Loire.Model;

namespace Loire.Client.Tests.Groups;

/// <summary>Members of a group of a real node.</summary>
public sealed class GroupNodeTests(ClientNode node) : IClassFixture<ClientNode>
{
    private const int Partitions = 6;
    private const int Round = 50;

    [Fact]
    public async Task Members_come_and_go_and_every_record_is_read_once_and_committed()
    {
        var topic = await node.CreateTopicAsync(Partitions);
        var read = new ConcurrentDictionary<(int, Offset), int>();
        await using var first = new Reader(node, topic, read);
        await using var second = new Reader(node, topic, read);
        await AppendAsync(topic, 0);
        await Until(() => read.Count == Partitions * Round && Owned(first, second) == Partitions);
        Assert.Equal(Partitions / 2, first.Consumer.Assignment.Count);

        await using var third = new Reader(node, topic, read);
        await Until(() => third.Consumer.Assignment.Count == 2 && Owned(first, second, third) == Partitions);
        await AppendAsync(topic, 1);
        await Until(() => read.Count == 2 * Partitions * Round);

        await first.DisposeAsync();
        await Until(() => Owned(second, third) == Partitions);
        await AppendAsync(topic, 2);
        await Until(() => read.Count == 3 * Partitions * Round);
        await second.DisposeAsync();
        await third.DisposeAsync();

        Assert.All(read, pair => Assert.Equal(1, pair.Value));
        await using var outside = node.Client.CreateConsumer(new ConsumerOptions<Ignore, string> { GroupId = topic });
        var committed = await outside.CommittedAsync(Enumerable.Range(0, Partitions).Select(i => new TopicPartition(topic, i)));
        Assert.Equal(Enumerable.Repeat(new Offset(3L * Round), Partitions), committed.Select(one => one.Offset));
    }

    [Fact]
    public async Task A_member_that_dies_is_replaced_and_what_it_had_not_finished_comes_again()
    {
        var topic = await node.CreateTopicAsync();
        await node.AppendAsync(topic, 0, ClientNode.Numbers(0, 10));
        var options = new ConsumerOptions<Ignore, string>
        {
            GroupId = topic,
            GroupInstanceId = "one",
            AutoOffsetReset = OffsetSpec.Earliest,
            EnableAutoCommit = false,
        };
        await using var dead = node.Client.CreateConsumer(options);
        await dead.SubscribeAsync([topic]);
        await foreach (var record in dead.ConsumeAsync())
        {
            if (record.Offset == 3)
            {
                await dead.CommitAsync([record]);
            }
            else if (record.Offset == 6)
            {
                break;
            }
        }

        // The same instance comes again, as after a crash: it takes over at once, and the old one is a zombie.
        await using var next = node.Client.CreateConsumer(options);
        await next.SubscribeAsync([topic]);
        await foreach (var record in next.ConsumeAsync())
        {
            Assert.Equal(4, record.Offset);
            break;
        }

        var failure = await Assert.ThrowsAsync<GroupException>(async () => await dead.CommitAsync());
        Assert.Equal(Model.ErrorCode.UnknownMemberId, failure.Code);
        failure = await Assert.ThrowsAsync<GroupException>(async () =>
        {
            await foreach (var record in dead.ConsumeAsync())
            {
            }
        });
        Assert.Equal((Model.ErrorCode.FencedInstanceId, true), (failure.Code, failure.IsFatal));
        Assert.Equal([new(topic, 0, 4)], await next.CommittedAsync([new TopicPartition(topic, 0)]));
    }

    private static int Owned(params Reader[] readers) => readers.Sum(reader => reader.Consumer.Assignment.Count);

    private async Task AppendAsync(string topic, int round)
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            await node.AppendAsync(topic, partition, ClientNode.Numbers(round * Round, Round));
        }
    }

    private static async Task Until(Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 6_000, "It never happened.");
            await Task.Delay(10);
        }
    }

    private sealed class Reader : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _task;

        public Reader(ClientNode node, string topic, ConcurrentDictionary<(int, Offset), int> read)
        {
            Consumer = node.Client.CreateConsumer(
                new ConsumerOptions<Ignore, string> { GroupId = topic, AutoOffsetReset = OffsetSpec.Earliest });
            _task = Task.Run(async () =>
            {
                await Consumer.SubscribeAsync([topic]);
                await foreach (var record in Consumer.ConsumeAsync(_stop.Token))
                {
                    read.AddOrUpdate((record.Partition, record.Offset), 1, (_, count) => count + 1);
                }
            });
        }

        public IConsumer<Ignore, string> Consumer { get; }

        public async ValueTask DisposeAsync()
        {
            _stop.Cancel();
            await _task;
            await Consumer.DisposeAsync();
        }
    }
}
