using Loire.Model;
using Loire.TestKit;
using static Loire.Client.Tests.Groups.GroupBench;

namespace Loire.Client.Tests.Groups;

/// <summary>What a rebalance listener may do and rely on.</summary>
public sealed class ListenerTests
{
    [Fact]
    public void A_partition_counts_as_owned_from_the_beginning_of_its_grant_until_the_listener_has_let_it_go() => Run(async bench =>
    {
        var assigned = new Gate();
        var revoked = new Gate();
        var events = new List<string>();
        var listener = new AwaitedListener(async (what, _) =>
        {
            events.Add(what);
            await (what == "assigned" ? assigned : revoked).Opened;
            events.Add(what + " done");
        });
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"], listener);
        await bench.Until(() => bench.Group.Heartbeats.Count > 1);
        bench.Group.Assign(bench.Member, Of(0));
        await bench.Until(() => events.Count == 1);
        var begun = bench.Group.Heartbeats.Count;
        await bench.Pause(30);
        bench.Group.Assign(bench.Member);
        await bench.Pause(30);
        Assert.Equal(["assigned"], events);
        assigned.Open();
        await bench.Until(() => events.Count == 3);
        await bench.Pause(30);
        Assert.Equal(["assigned", "assigned done", "revoked"], events);
        var before = bench.Group.Heartbeats.Count;
        Assert.All(bench.Group.Heartbeats[(begun - 1)..], beat => Assert.Equal([Of(0)], beat.Owned.AsEnumerable()));
        revoked.Open();
        await bench.Until(() => bench.Group.Heartbeats.Count > before);
        Assert.Empty(bench.Group.Heartbeats[before].Owned);
    });

    [Fact]
    public void A_grant_that_comes_to_nothing_is_confirmed_at_once_when_the_partition_is_taken_back() => Run(async bench =>
    {
        bench.Cluster.Partition("t", 0).BeforeOffsets = () => Task.FromResult(Model.ErrorCode.LeaderNotAvailable);
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"]);
        await bench.Until(() => bench.Group.Heartbeats.Count > 1);
        bench.Group.Assign(bench.Member, Of(0));
        await bench.Until(() => bench.Group.Heartbeats[^1].Owned.Length == 1);
        await bench.Pause(10);
        var start = bench.Time.GetUtcNow();
        bench.Group.Assign(bench.Member);
        await bench.Until(() => bench.Group.Heartbeats[^1].Owned.Length == 0);
        Assert.InRange(bench.Time.GetUtcNow() - start, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    });

    [Theory]
    [InlineData("assigned", false)]
    [InlineData("assigned", true)]
    [InlineData("revoked", false)]
    [InlineData("revoked", true)]
    [InlineData("lost", false)]
    [InlineData("lost", true)]
    public void A_listener_may_end_its_consumer_which_happens_once_it_has_returned(string when, bool closes) => Run(async bench =>
    {
        bench.Group.AtJoin = _ => bench.Group.Joined.Count > 1 ? [] : [Of(0), Of(1)];
        var events = new List<string>();
        var consumer = bench.Consumer(options => options.AutoCommitInterval = TimeSpan.FromHours(1));
        await consumer.SubscribeAsync(["t"], new AwaitedListener(async (what, _) =>
        {
            events.Add(what);
            if (what == when && !events.Contains("ended"))
            {
                await (closes ? consumer.DisposeAsync() : consumer.UnsubscribeAsync());

                // The partitions are still there for the listener, but for those that are lost.
                Assert.True(what == "lost" || consumer.Assignment.Count == 2);
                events.Add("ended");
            }
        }));
        var reader = bench.Read(consumer);
        if (when != "assigned")
        {
            await bench.Until(() => reader.Records.Count == 20);
            if (when == "revoked")
            {
                bench.Group.Assign(bench.Member, Of(1));
            }
            else
            {
                bench.Group.Remove(bench.Member);
            }
        }

        await bench.Until(() => bench.Group.Leaves.Count == 1);
        await bench.Until(() => consumer.Assignment.Count == 0);
        Assert.Equal(
            when switch
            {
                "assigned" => ["assigned", "ended", "revoked"],
                "revoked" => ["assigned", "revoked", "ended", "revoked"],
                _ => ["assigned", "lost", "ended"],
            },
            events);
        if (when == "revoked")
        {
            Assert.Equal((10, 10), (bench.Group.Committed(Of(0)), bench.Group.Committed(Of(1))));
        }

        await bench.Until(() => !closes || reader.Failure is ObjectDisposedException);
        await consumer.DisposeAsync();
    });

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Who_ends_a_consumer_does_not_wait_for_a_listener_that_ends_it_too(bool closes, bool listenerCloses) => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var events = new List<string>();
        var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"], new AwaitedListener(async (what, _) =>
        {
            events.Add(what);
            if (what == "revoked")
            {
                await Task.Yield();
                await (listenerCloses ? consumer.DisposeAsync() : consumer.UnsubscribeAsync());
                await Assert.ThrowsAsync<InvalidOperationException>(() => consumer.SubscribeAsync(["t"]).AsTask());
            }
        }));
        await bench.Until(() => events.Count == 1 && consumer.Assignment.Count == 1);
        var ended = (closes ? consumer.DisposeAsync() : consumer.UnsubscribeAsync()).AsTask();
        await bench.Until(() => ended.IsCompleted);
        await ended;
        Assert.Equal(["assigned", "revoked"], events);
        Assert.Single(bench.Group.Leaves);
        await consumer.DisposeAsync();
    });

    [Fact]
    public void A_listener_may_change_the_subscription() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer();
        var listener = new AwaitedListener(async (what, self) =>
        {
            if (what == "revoked")
            {
                await consumer.SubscribeAsync("t.*", self);
            }
        });
        await consumer.SubscribeAsync(["t"], listener);
        await bench.Until(() => consumer.Assignment.Count == 1);
        bench.Group.Assign(bench.Member);
        await bench.Until(() => bench.Group.Heartbeats[^1].Subscription?.Pattern == "t.*");
        Assert.Single(bench.Group.Joined);
    });

    [Fact]
    public void What_a_listener_has_started_waits_for_the_end_of_the_consumer_after_the_listener_has_returned() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var returned = new Gate();
        var left = false;
        var later = Task.CompletedTask;
        var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"], new AwaitedListener((what, _) =>
        {
            later = what == "assigned" ? EndLaterAsync() : later;
            return Task.CompletedTask;
        }));
        await bench.Until(() => consumer.Assignment.Count == 1);
        returned.Open();
        await bench.Until(() => later.IsCompleted);
        Assert.True(left);

        async Task EndLaterAsync()
        {
            await returned.Opened;
            await consumer.UnsubscribeAsync();
            left = bench.Group.Leaves.Count == 1;
        }
    });

    private sealed class AwaitedListener(Func<string, IRebalanceListener, Task> on) : IRebalanceListener
    {
        public async ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => await on("revoked", this);

        public async ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => await on("assigned", this);

        public async ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) => await on("lost", this);
    }
}
