using Loire.Model;
using Loire.TestKit;
using static Loire.Client.Tests.Groups.GroupBench;

namespace Loire.Client.Tests.Transactions;

/// <summary>The positions that a transaction commits for a consumer from which partitions are taken.</summary>
public sealed class DeliveredPositionsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Records_of_several_partitions_of_which_one_is_lost_cannot_be_committed(bool comesBack) => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0), Of(1)];
        await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
        var delivered = (IDeliveredPositions)consumer;
        await consumer.SubscribeAsync(["t"]);
        var lists = new List<TopicPartition>();
        await foreach (var records in consumer.ConsumeBatchesAsync())
        {
            lists.Add(records[0].TopicPartition);
            if (lists.Count == 1)
            {
                continue;
            }

            Assert.Equal([Of(0), Of(1)], delivered.Delivered().Positions.Select(one => one.Partition).Order());
            bench.Group.Assign(bench.Member, lists[1]);
            await bench.Until(() => !consumer.Assignment.Contains(lists[0]));
            if (comesBack)
            {
                bench.Group.Assign(bench.Member, Of(0), Of(1));
                await bench.Until(() => consumer.Assignment.Contains(lists[0]));
            }

            Assert.Equal(lists[0], Assert.Single(Assert.Throws<GroupException>(() => delivered.Delivered()).Partitions));

            // The next transaction has nothing to do with it.
            Assert.Contains(lists[1], delivered.Delivered().Positions.Select(one => one.Partition));
            break;
        }
    });

    [Fact]
    public void A_partition_that_is_lost_after_its_position_was_committed_keeps_nothing_from_being_committed() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0), Of(1)];
        await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
        var delivered = (IDeliveredPositions)consumer;
        await consumer.SubscribeAsync(["t"]);
        var first = default(TopicPartition?);
        await foreach (var records in consumer.ConsumeBatchesAsync())
        {
            if (first is not { } earlier)
            {
                // Sent with a transaction whose commit is answered once the partition is lost.
                first = records[0].TopicPartition;
                continue;
            }

            var sent = delivered.Delivered().Positions;
            bench.Group.Assign(bench.Member, records[0].TopicPartition);
            await bench.Until(() => !consumer.Assignment.Contains(earlier));
            foreach (var position in sent)
            {
                delivered.Committed(position);
            }

            Assert.Empty(delivered.Delivered().Positions);
            break;
        }
    });

    [Fact]
    public void What_was_delivered_to_a_member_is_not_committed_as_the_one_that_the_consumer_becomes() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0), Of(1)];
        await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
        var delivered = (IDeliveredPositions)consumer;
        var listener = new SlowListener();
        await consumer.SubscribeAsync(["t"], listener);
        await foreach (var records in consumer.ConsumeBatchesAsync())
        {
            // The consumer is still giving up another partition when the group takes it for dead.
            var first = bench.Member;
            bench.Group.Assign(first, records[0].TopicPartition);
            await bench.Until(() => listener.IsAsked);
            bench.Group.Remove(first);
            await bench.Until(() => bench.Group.Joined.Count == 2);
            await bench.Pause(1);
            Assert.Equal(bench.Member, consumer.GroupMetadata!.MemberId);
            Assert.Equal(records[0].TopicPartition, Assert.Single(Assert.Throws<GroupException>(() => delivered.Delivered()).Partitions));
            listener.Gate.Open();
            break;
        }
    });

    [Fact]
    public void Only_a_partition_that_was_not_lost_returns_to_before_its_records() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
        await consumer.SubscribeAsync(["t"]);
        await foreach (var records in consumer.ConsumeBatchesAsync())
        {
            ((IDeliveredPositions)consumer).Return(Of(0), 2);
            Assert.Equal(2, consumer.Position(Of(0)));
            bench.Group.Remove(bench.Member);
            bench.Group.HasCommitted(Of(0), 7);
            await bench.Until(() => bench.Group.Joined.Count == 2 && consumer.Assignment.Count == 1 && consumer.Position(Of(0)) == 7);
            ((IDeliveredPositions)consumer).Return(Of(0), 2);
            Assert.Equal(7, consumer.Position(Of(0)));
            break;
        }
    });

    private sealed class SlowListener : IRebalanceListener
    {
        public Gate Gate { get; } = new();

        public bool IsAsked { get; private set; }

        public async ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
        {
            IsAsked = true;
            await Gate.Opened;
        }

        public ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => ValueTask.CompletedTask;

        public ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => ValueTask.CompletedTask;
    }
}
