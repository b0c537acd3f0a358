using Loire.Client;
using Loire.Model;

namespace Loire.ConsumerProxy.Tests;

public class DeliveryTrackerTests
{
    private static readonly TopicPartition P = new("t", 0);
    private static readonly TopicPartition Q = new("t", 1);

    private readonly DeliveryTracker _deliveries = new("life");

    [Fact]
    public void What_was_given_is_committed_only_once_it_is_finished()
    {
        _deliveries.Begin(P, 5);
        Give(P, 5, 8);
        Assert.Empty(_deliveries.Uncommitted());
        Assert.True(_deliveries.HasUnfinished([P]));
        _deliveries.FinishAll();
        Assert.Equal([new TopicPartitionOffset("t", 0, 8)], _deliveries.Uncommitted());
        Assert.False(_deliveries.HasUnfinished([P]));
        _deliveries.Committed(P, 8);
        Assert.Empty(_deliveries.Uncommitted());
    }

    [Fact]
    public void A_receipt_finishes_what_came_with_it_and_before_and_names_what_was_lost()
    {
        Give(P, 0, 3);
        var receipt = Give(Q, 10, 12);
        Give(P, 3, 6);
        Give(P, 6, 7);
        Assert.Equal([(P, 3L)], _deliveries.FinishUpTo(receipt));
        Assert.Equal([new("t", 0, 3), new("t", 1, 12)], _deliveries.Uncommitted());
        _deliveries.WentBack(P);
        Assert.Empty(_deliveries.FinishUpTo(receipt));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("life")]
    [InlineData("life-")]
    [InlineData("life--1")]
    [InlineData("life-1x")]
    [InlineData("life-99999999999999999999")]
    [InlineData("other-1")]
    public void A_receipt_that_is_not_ours_finishes_nothing(string receipt)
    {
        Give(P, 0, 3);
        Assert.Equal([(P, 0L)], _deliveries.FinishUpTo(receipt));
        Assert.DoesNotContain(_deliveries.Uncommitted(), one => one.Offset > 0);
    }

    [Fact]
    public void A_receipt_of_the_future_finishes_what_there_is()
    {
        Give(P, 0, 3);
        Assert.Empty(_deliveries.FinishUpTo("life-77"));
        Assert.Equal([new("t", 0, 3)], _deliveries.Uncommitted());
    }

    [Fact]
    public void A_commit_finishes_what_is_before_it_and_may_go_back()
    {
        Give(P, 0, 10);
        _deliveries.Commit(P, 4);
        Assert.Empty(_deliveries.Uncommitted());
        Assert.True(_deliveries.HasUnfinished([P]));
        Assert.Equal([(P, 4L)], _deliveries.FinishUpTo(""));
        _deliveries.Commit(P, 10);
        Assert.False(_deliveries.HasUnfinished([P]));
        _deliveries.Commit(P, 2);
        Assert.Empty(_deliveries.Uncommitted());
        _deliveries.Commit(Q, 7);
        Assert.Empty(_deliveries.Uncommitted());
    }

    [Fact]
    public void A_seek_forgets_what_was_given_and_is_what_is_committed_next()
    {
        _deliveries.Begin(P, 0);
        Give(P, 0, 10);
        _deliveries.Move(P, 3);
        Assert.False(_deliveries.HasUnfinished([P]));
        Assert.Equal([new("t", 0, 3)], _deliveries.Uncommitted());
    }

    [Fact]
    public void What_is_given_to_others_is_neither_committed_nor_lost()
    {
        Give(P, 0, 3);
        Give(Q, 0, 3);
        _deliveries.End([P]);
        _deliveries.FinishAll();
        Assert.Equal([new("t", 1, 3)], _deliveries.Uncommitted());
        Assert.Empty(_deliveries.FinishUpTo(""));
    }

    [Fact]
    public void However_much_is_unfinished_nothing_is_committed_that_no_receipt_names()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), out var given) ? given : Random.Shared.Next();
        var random = new Random(seed);
        var deliveries = new DeliveryTracker("l", maxPortions: 8);
        var next = new long[3];
        var finished = new long[3];
        var receipts = new List<(string Receipt, long[] Next)>();
        for (var step = 0; step < 5_000; step++)
        {
            switch (random.Next(10))
            {
                case < 8:
                    var partition = random.Next(3);
                    deliveries.Open();
                    deliveries.Add(new TopicPartition("t", partition), next[partition], next[partition] += random.Next(1, 4));
                    receipts.Add((deliveries.Receipt, [.. next]));
                    break;
                case 8 when receipts.Count > 0:
                    var (receipt, reached) = receipts[random.Next(Math.Max(0, receipts.Count - 12), receipts.Count)];
                    var lost = deliveries.FinishUpTo(receipt).ToDictionary(one => one.Partition.Partition, one => one.From.Value);
                    foreach (var i in Enumerable.Range(0, 3))
                    {
                        // Going back further than needed is allowed, less far is not.
                        Assert.True(!lost.TryGetValue(i, out var from) ? next[i] <= Math.Max(reached[i], finished[i]) : from <= Math.Max(reached[i], finished[i]), $"seed {seed}");
                        Assert.True(lost.GetValueOrDefault(i, long.MaxValue) >= finished[i], $"seed {seed}");
                        next[i] = lost.GetValueOrDefault(i, next[i]);
                        finished[i] = Math.Max(finished[i], Math.Min(reached[i], next[i]));
                        deliveries.WentBack(new TopicPartition("t", i));
                    }

                    receipts.Clear();
                    break;
                default:
                    foreach (var offset in deliveries.Uncommitted())
                    {
                        Assert.True(offset.Offset <= Math.Max(finished[offset.Partition], 0), $"seed {seed}");
                        deliveries.Committed(offset.TopicPartition, offset.Offset);
                    }

                    break;
            }
        }
    }

    private string Give(TopicPartition partition, long from, long next)
    {
        _deliveries.Open();
        _deliveries.Add(partition, from, next);
        return _deliveries.Receipt;
    }
}
