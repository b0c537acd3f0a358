using Loire.Model;
using static Loire.Client.Tests.Groups.GroupBench;

namespace Loire.Client.Tests.Groups;

/// <summary>A member that is cut off, or whose application does not come back.</summary>
public sealed class LivenessTests
{
    [Fact]
    public void Heartbeats_go_on_while_the_application_works() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"]);
        var reader = bench.Read(consumer, record => record.Offset == 0);
        await bench.Until(() => reader.IsInHand);
        var before = bench.Group.Heartbeats.Count;
        await bench.Pause(200);
        Assert.InRange(bench.Group.Heartbeats.Count - before, 13, 14);
        Assert.Empty(bench.Group.Leaves);
    });

    [Fact]
    public void A_member_that_is_cut_off_hands_nothing_out_beyond_its_session_and_goes_on_when_it_was_not_removed() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var listener = new Listener();
        await using var consumer = bench.Consumer(options => options.UnavailableTimeout = Timeout.InfiniteTimeSpan);
        await consumer.SubscribeAsync(["t"], listener);
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Records.Count == 10);
        bench.Group.BeforeHeartbeat = _ => Task.FromResult(Model.ErrorCode.CoordinatorNotAvailable);
        var start = bench.Time.GetUtcNow();
        DateTimeOffset last = default;
        for (var second = 0; second < 70; second++)
        {
            var count = reader.Records.Count;
            var partition = bench.Cluster.Partition("t", 0);
            partition.Plant(Nodes.ClientNode.Numbers(10 + second, 1));
            await bench.Pause(1);
            last = reader.Records.Count > count ? bench.Time.GetUtcNow() : last;
        }

        // The last heartbeat that succeeded was sent up to a wait before the first one that failed.
        Assert.InRange(last - start, TimeSpan.FromSeconds(43), TimeSpan.FromSeconds(61));
        Assert.True(reader.Records.Count < 75);
        bench.Group.BeforeHeartbeat = null;
        await bench.Until(() => reader.Records.Count == 80);
        Assert.Equal(Enumerable.Range(0, 80).Select(offset => new Offset(offset)), reader.Records.Select(one => one.Offset));
        Assert.Equal(["assigned 0"], listener.Events);
    });

    [Fact]
    public void A_group_that_stays_out_of_reach_ends_the_enumeration() => Run(async bench =>
    {
        bench.Group.BeforeHeartbeat = _ => Task.FromResult(Model.ErrorCode.CoordinatorNotAvailable);
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"]);
        var start = bench.Time.GetUtcNow();
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Failure is not null);
        var failure = Assert.IsType<GroupException>(reader.Failure);
        Assert.Equal((Model.ErrorCode.CoordinatorNotAvailable, false), (failure.Code, failure.IsFatal));
        Assert.InRange(bench.Time.GetUtcNow() - start, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(62));
        bench.Group.AtJoin = _ => [Of(0)];
        bench.Group.BeforeHeartbeat = null;
        await bench.Pause(2);
        var next = bench.Read(consumer);
        await bench.Until(() => next.Records.Count == 10);
    });

    [Fact]
    public void An_application_that_does_not_come_back_leaves_and_joins_again_when_it_does() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var listener = new Listener();
        await using var consumer = bench.Consumer(options => options.MaxPollInterval = TimeSpan.FromSeconds(60));
        await consumer.SubscribeAsync(["t"], listener);
        var reader = bench.Read(consumer, record => record.Offset == 4);
        await bench.Until(() => reader.IsInHand);
        await bench.Pause(50);
        Assert.Empty(bench.Group.Leaves);
        await bench.Pause(50);
        Assert.Equal(bench.Group.Joined[0], bench.Group.Leaves.Single().MemberId);
        Assert.Equal(["assigned 0", "lost 0"], listener.Events);
        Assert.Equal(4, bench.Group.Committed(Of(0)));
        var before = bench.Group.Heartbeats.Count;
        await bench.Pause(100);
        Assert.Equal(before, bench.Group.Heartbeats.Count);
        reader.Gate.Open();
        await bench.Until(() => reader.Records.Count == 11);
        Assert.Equal([0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9], reader.Records.Select(one => one.Offset));
        Assert.Equal(2, bench.Group.Joined.Distinct().Count());
    });
}
