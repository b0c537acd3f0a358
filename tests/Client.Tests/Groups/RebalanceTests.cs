using Loire.Model;
using static Loire.Client.Tests.Groups.GroupBench;

namespace Loire.Client.Tests.Groups;

/// <summary>Partitions come and go.</summary>
public sealed class RebalanceTests
{
    [Fact]
    public void Reading_begins_at_the_committed_offset_and_without_one_where_the_options_say() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0), Of(2)];
        bench.Group.HasCommitted(Of(0), 7);
        var listener = new Listener();
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"], listener);
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Records.Count == 13);
        Assert.Equal([7, 8, 9], reader.Records.Where(one => one.Partition == 0).Select(one => one.Offset));
        Assert.Equal(Enumerable.Range(0, 10).Select(offset => new Offset(offset)), reader.Records.Where(one => one.Partition == 2).Select(one => one.Offset));
        Assert.Equal(["assigned 0 2"], listener.Events);
        Assert.Equal([new("t", 0), new("t", 2)], consumer.Assignment);
        var join = bench.Group.Heartbeats[0];
        Assert.Equal((0, "t", TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5)),
            (join.MemberEpoch, join.Subscription!.Topics.Single().Value, join.Subscription.SessionTimeout, join.Subscription.RebalanceTimeout));
        Assert.Equal(["cooperative-sticky"], join.Subscription.Assignors.AsEnumerable());
        Assert.All(bench.Group.Heartbeats.Skip(1), beat => Assert.Null(beat.Subscription));
    });

    [Fact]
    public void A_partition_that_stays_is_not_disturbed_and_one_that_goes_is_committed_before_it_is_confirmed() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0), Of(1)];
        var whenRevoked = -1L;
        var listener = new Listener(text => whenRevoked = text == "revoked 1" ? bench.Group.Committed(Of(1)) : whenRevoked);
        await using var consumer = bench.Consumer(options => options.AutoCommitInterval = TimeSpan.FromHours(1));
        await consumer.SubscribeAsync(["t"], listener);
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Records.Count == 20);
        await bench.Until(() => bench.Cluster.Partition("t", 0).Parked == 1);
        var fetches = bench.Cluster.Partition("t", 0).Fetches;
        bench.Group.BeforeHeartbeat = beat =>
        {
            Assert.True(beat.Owned.Contains(Of(1)) || bench.Group.Committed(Of(1)) == 10, "It was confirmed before it was committed.");
            return Task.FromResult(Model.ErrorCode.None);
        };
        var start = bench.Time.GetUtcNow();
        bench.Group.Assign(bench.Member, Of(0));
        await bench.Until(() => bench.Group.Heartbeats[^1].Owned.SequenceEqual([Of(0)]));

        // The confirmation does not wait for the interval of the heartbeats.
        Assert.InRange(bench.Time.GetUtcNow() - start, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Assert.Equal((10, 0), (bench.Group.Committed(Of(1)), whenRevoked));
        Assert.Equal(["assigned 0 1", "revoked 1"], listener.Events);
        Assert.Equal([new("t", 0)], consumer.Assignment);
        Assert.InRange(bench.Cluster.Partition("t", 0).Fetches, fetches, fetches + 1);
        Assert.Equal(20, reader.Records.Count);
    });

    [Fact]
    public void Nothing_is_given_up_while_the_application_works_on_it() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"]);
        var reader = bench.Read(consumer, record => record.Offset == 4);
        await bench.Until(() => reader.IsInHand);
        bench.Group.Assign(bench.Member);
        await bench.Pause(100);
        Assert.Equal([Of(0)], bench.Group.Heartbeats[^1].Owned.AsEnumerable());
        Assert.Equal(4, bench.Group.Committed(Of(0)));
        reader.Gate.Open();
        await bench.Until(() => bench.Group.Heartbeats[^1].Owned.Length == 0);
        Assert.Equal(5, bench.Group.Committed(Of(0)));
        Assert.Equal(5, reader.Records.Count);
        Assert.Single(bench.Group.Joined);
    });

    [Theory]
    [InlineData(10, false)]
    [InlineData(10, true)]
    [InlineData(0, false)]
    [InlineData(0, true)]
    public void An_application_that_waits_for_records_gives_up_at_once(int records, bool inLists) => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        bench.Group.HasCommitted(Of(0), 10 - records);
        await using var consumer = bench.Consumer(options => options.AutoCommitInterval = TimeSpan.FromHours(1));
        await consumer.SubscribeAsync(["t"]);
        using var stop = new CancellationTokenSource();
        var read = 0;
        var application = ReadAsync();
        await bench.Until(() => read == records && bench.Group.Heartbeats is [.., { Owned.Length: 1 }]);
        var start = bench.Time.GetUtcNow();
        bench.Group.Assign(bench.Member);
        await bench.Until(() => bench.Group.Heartbeats[^1].Owned.Length == 0);
        Assert.InRange(bench.Time.GetUtcNow() - start, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Assert.Equal(10, bench.Group.Committed(Of(0)));
        Assert.False(application.IsCompleted);
        stop.Cancel();
        await application;

        async Task ReadAsync()
        {
            if (inLists)
            {
                await foreach (var list in consumer.ConsumeBatchesAsync(stop.Token))
                {
                    read += list.Count;
                }
            }
            else
            {
                await foreach (var record in consumer.ConsumeAsync(stop.Token))
                {
                    read++;
                }
            }
        }
    });

    [Fact]
    public void A_member_that_the_group_took_for_dead_loses_everything_and_joins_anew() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var listener = new Listener();
        await using var consumer = bench.Consumer(options => options.AutoCommitInterval = TimeSpan.FromHours(1));
        await consumer.SubscribeAsync(["t"], listener);
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Records.Count == 10);
        bench.Group.AtJoin = _ => [Of(0), Of(1)];
        bench.Group.Remove(bench.Member);
        await bench.Until(() => reader.Records.Count == 30);
        Assert.Equal(["assigned 0", "lost 0", "assigned 0 1"], listener.Events);
        Assert.Equal(2, bench.Group.Joined.Distinct().Count());

        // Nothing was committed for the first life but where it began.
        Assert.Equal(0, bench.Group.Committed(Of(0)));
    });

    [Fact]
    public void The_group_is_asked_again_after_errors_that_pass() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var failures = 0;
        bench.Group.BeforeHeartbeat = _ => ++failures switch
        {
            1 => Task.FromResult(Model.ErrorCode.NotCoordinator),
            2 => throw new OrleansException(),
            3 => throw new InvalidOperationException(),
            4 => Task.FromResult(Model.ErrorCode.UnreleasedInstanceId),
            _ => Task.FromResult(Model.ErrorCode.None),
        };
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"]);
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Records.Count == 10);
        Assert.Single(bench.Group.Heartbeats.Select(beat => beat.MemberId).Distinct());
    });

    [Fact]
    public void A_member_that_is_refused_for_good_says_so_and_another_subscription_may_do_better() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var listener = new Listener();
        await using var consumer = bench.Consumer(options => options.GroupInstanceId = "i");
        await consumer.SubscribeAsync(["t"], listener);
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Records.Count == 10);
        bench.Group.BeforeHeartbeat = _ => Task.FromResult(Model.ErrorCode.FencedInstanceId);
        await bench.Until(() => reader.Failure is not null);
        var failure = Assert.IsType<GroupException>(reader.Failure);
        Assert.Equal((Model.ErrorCode.FencedInstanceId, true, "g"), (failure.Code, failure.IsFatal, failure.GroupId));
        await bench.Until(() => listener.Events.Count == 2);
        Assert.Equal("lost 0", listener.Events[1]);
        bench.Group.BeforeHeartbeat = null;
        await consumer.SubscribeAsync(["t"], listener);
        var next = bench.Read(consumer);
        await bench.Pause(1);
        Assert.Null(next.Failure);
        Assert.Equal("assigned 0", listener.Events[2]);
    });

    [Fact]
    public void A_topic_that_is_deleted_is_no_failure_of_its_group() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var listener = new Listener();
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"], listener);
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Records.Count == 10);
        bench.Topic.Forget();
        bench.Cluster.Partition("t", 0).FetchError = Model.ErrorCode.UnknownTopicOrPartition;
        await bench.Pause(100);
        bench.Group.Assign(bench.Member);
        await bench.Until(() => listener.Events.Count == 2);
        Assert.Equal("revoked 0", listener.Events[1]);
        Assert.Null(reader.Failure);
    });

    [Fact]
    public void A_changed_subscription_goes_with_the_next_heartbeat() => Run(async bench =>
    {
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"]);
        await bench.Until(() => bench.Group.Heartbeats.Count == 2);
        await consumer.SubscribeAsync("t.*");
        await bench.Until(() => bench.Group.Heartbeats.Count == 3);
        var subscription = bench.Group.Heartbeats[2].Subscription!;
        Assert.Equal((0, "t.*"), (subscription.Topics.Length, subscription.Pattern));
        Assert.Single(bench.Group.Joined);
    });
}
