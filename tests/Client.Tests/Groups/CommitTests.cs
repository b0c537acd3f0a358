using Loire.Model;
using static Loire.Client.Tests.Groups.GroupBench;

namespace Loire.Client.Tests.Groups;

/// <summary>What is committed, and when.</summary>
public sealed class CommitTests
{
    [Fact]
    public void Only_what_the_application_has_finished_is_committed_by_itself() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"]);
        var reader = bench.Read(consumer, record => record.Offset == 6);
        await bench.Until(() => reader.IsInHand);
        await bench.Pause(30);
        Assert.Equal(6, bench.Group.Committed(Of(0)));
        reader.Gate.Open();
        await bench.Pause(6);
        Assert.Equal(10, bench.Group.Committed(Of(0)));
        Assert.Equal([new("t", 0, 10)], await consumer.CommittedAsync([new("t", 0), new("t", 1)]));
    });

    [Fact]
    public void A_loop_that_was_broken_off_has_not_finished_its_last_record_unless_it_says_so() => Run(async bench =>
    {
        foreach (var saysSo in new[] { false, true })
        {
            bench.Group.ForgetOffsets();
            bench.Group.AtJoin = _ => [Of(0)];
            await using (var consumer = bench.Consumer())
            {
                await consumer.SubscribeAsync(["t"]);
                await foreach (var record in consumer.ConsumeAsync())
                {
                    if (record.Offset == 3)
                    {
                        break;
                    }
                }

                if (saysSo)
                {
                    await consumer.CommitAsync();
                }
            }

            Assert.Equal(saysSo ? 4 : 3, bench.Group.Committed(Of(0)));
        }
    });

    [Theory]
    [InlineData(null, GroupMembershipOperation.Default, true)]
    [InlineData("i", GroupMembershipOperation.Default, false)]
    [InlineData(null, GroupMembershipOperation.RemainInGroup, false)]
    [InlineData("i", GroupMembershipOperation.RemainInGroup, false)]
    [InlineData(null, GroupMembershipOperation.LeaveGroup, true)]
    [InlineData("i", GroupMembershipOperation.LeaveGroup, true)]
    public void Closing_says_whether_the_place_in_the_group_is_kept(string? instance, GroupMembershipOperation operation, bool leaves) => Run(
        async bench =>
        {
            bench.Group.AtJoin = _ => [Of(0)];
            var consumer = bench.Consumer(options =>
            {
                options.GroupInstanceId = instance is null ? default(GroupInstanceId?) : instance;
                options.MemberId = "mine";
                options.UserData = "kept";
            });
            await consumer.SubscribeAsync(["t"]);
            var reader = bench.Read(consumer);
            await bench.Until(() => reader.Records.Count == 10);
            await reader.StopAsync();
            await consumer.CloseAsync(operation);
            await consumer.DisposeAsync();
            Assert.Equal(10, bench.Group.Committed(Of(0)));
            Assert.Equal(leaves ? 1 : 0, bench.Group.Leaves.Count);
            Assert.Equal(("mine", "kept"), (bench.Member, bench.Group.Heartbeats[0].Subscription!.UserData));
        });

    [Fact]
    public void Who_ends_gives_up_commits_and_leaves_but_a_static_member_only_restarts() => Run(async bench =>
    {
        foreach (var instance in new GroupInstanceId?[] { null, "i" })
        {
            bench.Group.ForgetOffsets();
            bench.Group.Leaves.Clear();
            bench.Group.AtJoin = _ => [Of(0)];
            var listener = new Listener();
            var consumer = bench.Consumer(options => options.GroupInstanceId = instance);
            await consumer.SubscribeAsync(["t"], listener);
            var reader = bench.Read(consumer);
            await bench.Until(() => reader.Records.Count == 10);
            await reader.StopAsync();
            await consumer.DisposeAsync();
            Assert.Equal(10, bench.Group.Committed(Of(0)));
            Assert.Equal(["assigned 0", "revoked 0"], listener.Events);
            Assert.Equal(instance is null ? 1 : 0, bench.Group.Leaves.Count);
            var beats = bench.Group.Heartbeats.Count;
            await bench.Pause(100);
            Assert.Equal(beats, bench.Group.Heartbeats.Count);
        }
    });

    [Fact]
    public void At_most_once_means_that_nothing_is_handed_out_before_it_is_committed() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var gate = new TestKit.Gate();
        bench.Group.BeforeCommit = async _ =>
        {
            await gate.Opened;
            return Model.ErrorCode.None;
        };
        await using var consumer = bench.Consumer(options => (options.Guarantee, options.MaxPollRecords) = (ConsumeGuarantee.AtMostOnce, 4));
        await consumer.SubscribeAsync(["t"]);
        var reader = bench.Read(consumer, record => record.Offset == 5);
        await bench.Pause(10);
        Assert.Empty(reader.Records);
        gate.Open();
        await bench.Until(() => reader.IsInHand);
        Assert.Equal(8, bench.Group.Committed(Of(0)));

        // Whoever comes after a crash here passes over 5, 6 and 7, and sees nothing twice.
        bench.Group.Remove(bench.Member);
        await bench.Pause(100);
        reader.Gate.Open();
        await bench.Until(() => reader.Records.Count == 10);
        Assert.Equal(Enumerable.Range(0, 10).Select(offset => new Offset(offset)), reader.Records.Select(one => one.Offset));
    });

    [Fact]
    public void A_member_that_was_removed_cannot_commit() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
        await consumer.SubscribeAsync(["t"]);
        var reader = bench.Read(consumer, record => record.Offset == 5);
        await bench.Until(() => reader.IsInHand);
        bench.Group.BeforeCommit = _ => Task.FromResult(Model.ErrorCode.UnknownMemberId);
        var failure = await Assert.ThrowsAsync<GroupException>(async () => await consumer.CommitAsync());
        Assert.Equal((Model.ErrorCode.UnknownMemberId, false), (failure.Code, failure.IsRetriable));
        Assert.Equal(-1, bench.Group.Committed(Of(0)));
        bench.Group.BeforeCommit = null;
        await consumer.CommitAsync([new TopicPartitionOffset("t", 0, 2)]);
        Assert.Equal(2, bench.Group.Committed(Of(0)));
    });

    [Fact]
    public void What_was_read_before_the_partition_was_lost_is_not_committed_once_it_is_back() => Run(async bench =>
    {
        foreach (var commit in new Func<IConsumer<Ignore, string>, ConsumeResult<Ignore, string>, ValueTask>[]
        {
            static (consumer, _) => consumer.CommitAsync(),
            static (consumer, record) => consumer.CommitAsync([record]),
            static (consumer, record) => consumer.CommitAsync([new TopicPartitionOffset("t", 0, record.Offset + 1)]),
        })
        {
            bench.Group.ForgetOffsets();
            bench.Group.AtJoin = _ => [Of(0)];
            await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
            await consumer.SubscribeAsync(["t"]);
            var records = new List<ConsumeResult<Ignore, string>>();
            var reader = bench.Read(
                consumer,
                record =>
                {
                    records.Add(record);
                    return records.Count == 5;
                });
            await bench.Until(() => reader.IsInHand);

            // Another one has the partition for a while and gets further.
            bench.Group.Remove(bench.Member);
            bench.Group.HasCommitted(Of(0), 8);
            await bench.Until(() => bench.Group.Joined.Count > 1 && consumer.Assignment.Count == 1 && consumer.Position(new("t", 0)) == 8);
            var failure = await Assert.ThrowsAsync<GroupException>(async () => await commit(consumer, records[4]));
            Assert.Equal((Model.ErrorCode.UnknownMemberId, "t-0"), (failure.Code, failure.Partitions.Single().ToString()));
            reader.Gate.Open();
            await bench.Until(() => records.Count == 7);
            await Assert.ThrowsAsync<GroupException>(async () => await consumer.CommitAsync([records[3], records[4]]));
            Assert.Equal(8, bench.Group.Committed(Of(0)));
            await consumer.CommitAsync([records[4], records[6]]);
            Assert.Equal(10, bench.Group.Committed(Of(0)));
            await reader.StopAsync();
            bench.Group.Joined.Clear();
        }
    });

    [Fact]
    public void A_commit_that_is_repeated_is_not_made_in_the_name_of_a_later_life() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
        await consumer.SubscribeAsync(["t"]);
        await bench.Until(() => consumer.Assignment.Count == 1);
        var (first, sent) = (bench.Member, new List<MemberId?>());
        bench.Group.BeforeCommit = request =>
        {
            sent.Add(request.MemberId);
            return Task.FromResult(request.MemberId == first ? ErrorCode.NotCoordinator : ErrorCode.None);
        };
        var commit = consumer.CommitAsync([new TopicPartitionOffset("t", 0, 4)]).AsTask();
        await bench.Until(() => sent.Count > 0);

        // Another one has the partition for a while and gets further.
        bench.Group.Remove(first);
        bench.Group.HasCommitted(Of(0), 8);
        await bench.Until(() => bench.Group.Joined.Count > 1 && commit.IsCompleted);
        var failure = await Assert.ThrowsAsync<GroupException>(() => commit);
        Assert.Equal((ErrorCode.UnknownMemberId, Of(0)), (failure.Code, failure.Partitions.Single()));
        Assert.Equal(8, bench.Group.Committed(Of(0)));
        Assert.All(sent, member => Assert.True(member == first || member is null));
    });

    [Fact]
    public void Commits_that_nobody_awaits_are_stored_in_the_order_of_the_calls() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        var (gate, sent) = (new TestKit.Gate(), new List<long>());
        await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
        await consumer.SubscribeAsync(["t"]);
        await bench.Until(() => consumer.Assignment.Count == 1);
        bench.Group.BeforeCommit = async request =>
        {
            sent.Add(request.Offsets.Single().Offset.Value);
            await gate.Opened;
            return Model.ErrorCode.None;
        };
        Task[] commits =
        [
            .. new long[] { 3, 9, 5 }.Select(offset => consumer.CommitAsync([new TopicPartitionOffset("t", 0, offset)]).AsTask()),
        ];
        await bench.Pause(1);
        Assert.Equal([3], sent);
        gate.Open();
        await Task.WhenAll(commits);
        Assert.Equal([3, 9, 5], sent);
        Assert.Equal(5, bench.Group.Committed(Of(0)));
    });

    [Fact]
    public void Whoever_seeks_back_commits_behind_what_it_reads_then() => Run(async bench =>
    {
        bench.Group.HasCommitted(Of(0), 8);
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer(options => options.EnableAutoCommit = false);
        await consumer.SubscribeAsync(["t"]);
        var records = new List<ConsumeResult<Ignore, string>>();
        var reader = bench.Read(
            consumer,
            record =>
            {
                records.Add(record);
                return false;
            });
        await bench.Until(() => records.Count == 2);
        await consumer.SeekAsync(new("t", 0), OffsetSpec.At(3));
        await bench.Until(() => records.Count == 9);
        await consumer.CommitAsync([records[2]]);
        Assert.Equal(4, bench.Group.Committed(Of(0)));
    });

    [Fact]
    public void Latest_is_where_the_group_first_saw_the_partition_whoever_reads_it() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer(options => options.AutoOffsetReset = OffsetSpec.Latest);
        await consumer.SubscribeAsync(["t"]);
        await bench.Until(() => bench.Group.CommittedCount == 1);
        Assert.Equal(10, bench.Group.Committed(Of(0)));
    });

    [Fact]
    public void Without_a_position_and_a_rule_for_one_the_enumeration_fails() => Run(async bench =>
    {
        bench.Group.AtJoin = _ => [Of(0)];
        await using var consumer = bench.Consumer(options => options.AutoOffsetReset = OffsetSpec.None);
        await consumer.SubscribeAsync(["t"]);
        var reader = bench.Read(consumer);
        await bench.Until(() => reader.Failure is not null);
        Assert.Equal(Model.ErrorCode.OffsetOutOfRange, Assert.IsType<GroupException>(reader.Failure).Code);
    });

    [Fact]
    public void A_consumer_either_subscribes_or_is_assigned_and_both_need_what_they_need() => Run(async bench =>
    {
        await using var consumer = bench.Consumer();
        await consumer.AssignAsync([new TopicPartition("t", 0)]);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await consumer.SubscribeAsync(["t"]));
        await consumer.CommitAsync([new TopicPartitionOffset("t", 0, 2)]);
        Assert.Equal(2, bench.Group.Committed(Of(0)));
        await consumer.AssignAsync(Array.Empty<TopicPartition>());
        await consumer.SubscribeAsync(["t"]);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await consumer.AssignAsync([new TopicPartition("t", 0)]));
        await consumer.UnsubscribeAsync();
        await consumer.AssignAsync([new TopicPartition("t", 0)]);
        await using var alone = bench.Client.CreateConsumer(new ConsumerOptions<Ignore, string>());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await alone.SubscribeAsync(["t"]));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await alone.CommitAsync());
        await Assert.ThrowsAsync<InvalidIdentifierException>(async () => await consumer.SubscribeAsync(["no such name!"]));
        await Assert.ThrowsAsync<ArgumentException>(async () => await consumer.SubscribeAsync(Array.Empty<TopicName>()));
        Assert.Throws<ArgumentException>(() => bench.Consumer(options => (options.GroupId, options.GroupInstanceId) = (null, "i")));
        Assert.Throws<InvalidIdentifierException>(() => bench.Consumer(options => options.GroupId = ""));
        Assert.Throws<ArgumentException>(() => bench.Consumer(options => options.GroupId = default(GroupId)));
        Assert.Throws<ArgumentException>(() => bench.Consumer(options => options.PartitionAssignmentStrategy = ["range", "range"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => bench.Consumer(options => options.MaxPollInterval = TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => bench.Consumer(options => options.AutoCommitInterval = TimeSpan.Zero));
    });

    [Fact]
    public void Who_is_given_a_partition_waits_for_the_transaction_that_may_commit_its_offset() => Run(async bench =>
    {
        var group = bench.Cluster.Group("g");
        bench.Group.HasCommitted(Of(0), 2);
        group.Pending.Add(Of(0));
        bench.Group.AtJoin = _ => [Of(0), Of(1)];
        await using var consumer = bench.Consumer();
        await consumer.SubscribeAsync(["t"]);
        var reader = bench.Read(consumer);
        await bench.Pause(20);
        Assert.Empty(reader.Records);
        Assert.InRange(group.Reads, 5, 100);

        group.Pending.Clear();
        group.Decide(Of(0), 7);
        await bench.Until(() => reader.Records.Count == 13);
        Assert.Equal(7, reader.Records.Where(record => record.Partition == 0).Min(record => record.Offset.Value));
        await reader.StopAsync();
    });

    [Fact]
    public void Committed_offsets_are_told_when_no_transaction_may_change_them() => Run(async bench =>
    {
        bench.Group.HasCommitted(Of(0), 2);
        bench.Cluster.Group("g").Pending.Add(Of(0));
        await using var consumer = bench.Consumer();
        Assert.Empty(await consumer.CommittedAsync([new("t", 1)]));
        var asked = consumer.CommittedAsync([new("t", 0), new("t", 1)]).AsTask();
        await bench.Pause(5);
        Assert.False(asked.IsCompleted);
        bench.Cluster.Group("g").Pending.Clear();
        Assert.Equal([new("t", 0, 2)], await asked);
    });

    [Fact]
    public void A_transaction_that_stays_open_for_too_long_is_an_error() => Run(async bench =>
    {
        bench.Cluster.Group("g").Pending.Add(Of(0));
        await using var consumer = bench.Consumer(options => options.UnavailableTimeout = TimeSpan.FromSeconds(10));
        var failure = await Assert.ThrowsAsync<GroupException>(async () => await consumer.CommittedAsync([new("t", 0)]));
        Assert.Equal(ErrorCode.UnstableOffsetCommit, failure.Code);
    });
}
