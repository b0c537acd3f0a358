using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Model.Groups;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

public class GroupOffsetsTests
{
    private readonly GroupBench _bench = new();

    [Fact]
    public void Committed_offsets_are_read_by_the_next_activation()
    {
        Assert.Equal(ErrorCode.None, _bench.Commit(("t", 1, 5), ("t", 0, 3)).Error);
        Assert.Equal(ErrorCode.None, _bench.Commit(("t", 1, 4)).Error);
        Assert.Equal("t-0:3 t-1:4", _bench.Offsets());
        _bench.Restart();
        Assert.Equal("t-0:3 t-1:4", _bench.Offsets());
        var some = _bench.Thread.Finish(() => _bench.Driver.OffsetsAsync([GroupBench.Partition("t", 1), GroupBench.Partition("u", 7)]));
        Assert.Equal("t-1:4", GroupBench.Text(some));
        Assert.Equal(GroupPhase.Empty, _bench.Describe().Group!.Phase);
    }

    [Fact]
    public void An_unused_group_takes_no_storage()
    {
        Assert.Equal("", _bench.Offsets());
        Assert.Equal(ErrorCode.GroupIdNotFound, _bench.Describe().Error);
        Assert.Equal(ErrorCode.GroupIdNotFound, _bench.Delete());
        Assert.Equal(ErrorCode.GroupIdNotFound, _bench.Thread.Finish(() => _bench.Driver.DeleteOffsetsAsync([])).Error);
        Assert.Equal(ErrorCode.None, _bench.Thread.Finish(() => _bench.Driver.LeaveAsync(new LeaveRequest("m", null, null))));
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.CommitAs("m", 3, ("t", 0, 1)).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("m", 3).Now().Error);
        Assert.True(_bench.Drops > 0);
        Assert.Empty(_bench.Storage.Keys);
        Assert.False(_bench.IsListed);
    }

    [Theory]
    [InlineData(-1, "what kafkajs commits for latest")]
    [InlineData(-2, "what kafkajs commits for earliest")]
    public void A_commit_of_none_removes_the_offset_of_its_partition(long none, string reason)
    {
        _bench.Commit(("t", 0, 5), ("t", 1, 7));
        Assert.True(_bench.Commit(("t", 0, none), ("t", 1, 8), ("t", 2, none)) is { Error: ErrorCode.None, Refused: [] }, reason);
        Assert.Equal("t-1:8", _bench.Offsets());
        _bench.Restart();
        Assert.Equal("t-1:8", _bench.Offsets());
        Assert.Equal(ErrorCode.InvalidRequest, Assert.Single(_bench.Commit(("t", 1, -3)).Refused).Error);
    }

    [Fact]
    public void An_empty_commit_creates_no_group()
    {
        Assert.Equal(ErrorCode.InvalidRequest, _bench.Commit(("t", 0, 1), ("t", 0, 1)).Error);
        Assert.Empty(_bench.Storage.Keys);
        Assert.False(_bench.IsListed);
        Assert.Equal(1, _bench.Drops);
    }

    [Fact]
    public void A_group_is_in_the_catalog_before_it_is_in_its_journal()
    {
        _bench.Fault = call => call == "record" ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _bench.Commit(("t", 0, 1)).Error);
        Assert.Empty(_bench.Storage.Keys);
        _bench.Fault = _ => ErrorCode.None;
        Assert.Equal(ErrorCode.None, _bench.Commit(("t", 0, 1)).Error);
        Assert.True(_bench.IsListed);
    }

    [Fact]
    public void A_commit_is_answered_when_it_is_durable_and_commits_made_meanwhile_share_the_next_write()
    {
        _bench.Commit(("t", 0, 0));
        var (held, writes) = (new TaskCompletionSource(), 0);
        _bench.Storage.Faults = async call =>
        {
            if (call.Operation == StorageOperation.Write)
            {
                writes++;
                await held.Task.ConfigureAwait(false);
            }

            return StorageFault.None;
        };
        var commits = Enumerable.Range(1, 100)
            .Select(i => _bench.Thread.Post(() => _bench.Driver.CommitAsync(GroupBench.Request(null, -1, ("t", i % 7, i)))))
            .ToList();
        _bench.Thread.Run();
        var read = _bench.Thread.Start(() => _bench.Driver.OffsetsAsync(null));
        var described = _bench.Thread.Start(() => _bench.Driver.DescribeAsync());
        Assert.DoesNotContain(commits, commit => commit.IsCompleted);
        Assert.False(read.IsCompleted || described.IsCompleted, "nobody is told what may still be lost");
        _bench.Thread.After(held.SetResult);
        Assert.All(commits, commit => Assert.Equal(ErrorCode.None, commit.Now().Error));
        Assert.Equal("t-0:98 t-1:99 t-2:100 t-3:94 t-4:95 t-5:96 t-6:97", GroupBench.Text(read.Now()));
        Assert.InRange(writes, 1, 6);
    }

    [Fact]
    public void Group_stays_listed_if_a_sweep_runs_beside_its_first_commit()
    {
        var held = new TaskCompletionSource();
        _bench.HoldNextRecord = held.Task;
        var sweep = _bench.Thread.Start(() => _bench.Driver.SweepAsync());
        var commit = _bench.Thread.Start(() => _bench.Driver.CommitAsync(GroupBench.Request(null, -1, ("t", 0, 1))));
        _bench.Thread.After(held.SetResult);
        Assert.Equal((ErrorCode.None, ErrorCode.None), (sweep.Now(), commit.Now().Error));
        Assert.True(_bench.IsListed);

        _bench.Advance(TimeSpan.FromHours(1));
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.True(_bench.IsListed);
    }

    [Fact]
    public void Sweep_does_not_unlist_a_group_whose_first_commit_waits_for_storage()
    {
        var held = new TaskCompletionSource();
        _bench.Storage.Faults = async call =>
        {
            await (call.Operation == StorageOperation.Write ? held.Task : Task.CompletedTask).ConfigureAwait(false);
            return StorageFault.None;
        };
        var commit = _bench.Thread.Start(() => _bench.Driver.CommitAsync(GroupBench.Request(null, -1, ("t", 0, 1))));
        var sweep = _bench.Thread.Start(() => _bench.Driver.SweepAsync());
        _bench.Thread.After(held.SetResult);
        Assert.Equal((ErrorCode.None, ErrorCode.None), (sweep.Now(), commit.Now().Error));
        Assert.True(_bench.IsListed);
    }

    [Fact]
    public void Group_that_a_late_call_of_an_earlier_activation_unlisted_is_listed_again_when_it_is_used()
    {
        _bench.Commit(("t", 0, 1));
        _bench.Thread.Finish(() => _bench.Record("g", exists: false).AsTask());
        _bench.Restart();
        Assert.Equal("t-0:1", _bench.Offsets());
        Assert.True(_bench.IsListed);
    }

    [Fact]
    public void Activation_that_missed_a_commit_closes_instead_of_returning_older_offsets()
    {
        _bench.Commit(("t", 0, 1));
        var rival = _bench.Rival();
        Assert.Equal("t-0:1", rival.Offsets());
        _bench.Commit(("t", 0, 2));
        Assert.Equal("NotCoordinator", rival.Offsets());
        Assert.Equal(1, rival.Drops);
        Assert.Equal("t-0:2", _bench.Rival().Offsets());
        Assert.Equal("t-0:2", _bench.Offsets());
    }

    [Fact]
    public void Activation_that_missed_the_creation_of_a_group_neither_denies_nor_unlists_it()
    {
        var rivals = Enumerable.Range(0, 4).Select(_ => _bench.Rival()).ToArray();
        Assert.All(rivals, rival => Assert.Equal("", rival.Offsets()));
        _bench.Commit(("t", 0, 1));
        Assert.Equal(ErrorCode.NotCoordinator, rivals[0].Describe().Error);
        Assert.Equal(ErrorCode.NotCoordinator, rivals[1].Delete());
        Assert.Equal(ErrorCode.NotCoordinator, rivals[2].Sweep());
        Assert.Equal(ErrorCode.NotCoordinator, rivals[3].CommitAs("m", 1, ("t", 0, 3)).Error);
    }

    [Fact]
    public void After_a_failed_write_no_reply_contains_state_that_is_not_durable()
    {
        _bench.Commit(("t", 0, 1));
        _bench.Storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Write ? StorageFault.Refuse(new StorageFullException("no space left")) : StorageFault.None);
        var first = _bench.Thread.Post(() => _bench.Driver.CommitAsync(GroupBench.Request(null, -1, ("t", 0, 2))));
        var second = _bench.Thread.Post(() => _bench.Driver.CommitAsync(GroupBench.Request(null, -1, ("t", 1, 2))));
        _bench.Thread.Run();
        Assert.Equal((ErrorCode.KafkaStorageError, ErrorCode.KafkaStorageError), (first.Now().Error, second.Now().Error));
        Assert.Equal(1, _bench.Drops);
        _bench.Storage.Faults = null;
        Assert.Equal(ErrorCode.KafkaStorageError, _bench.Commit(("t", 0, 3)).Error);
        _bench.Restart(kill: false);
        Assert.Equal("t-0:1", _bench.Offsets());
    }

    [Fact]
    public void A_superseded_activation_answers_NOT_COORDINATOR()
    {
        _bench.Commit(("t", 0, 1));
        var rival = _bench.Rival();
        Assert.Equal(ErrorCode.None, rival.Commit(("t", 0, 2)).Error);
        Assert.Equal(ErrorCode.NotCoordinator, _bench.Commit(("t", 0, 9)).Error);
        Assert.Equal(1, _bench.Drops);
        Assert.Equal("NotCoordinator", _bench.Offsets());
        Assert.Equal("t-0:2", rival.Offsets());
        Assert.Equal(ErrorCode.None, rival.Commit(("t", 0, 3)).Error);
    }

    [Fact]
    public void Thousands_of_commits_leave_a_short_journal_with_the_same_state()
    {
        var random = new Random(7);
        var expected = new SortedDictionary<int, long>();
        for (var round = 0; round < 300; round++)
        {
            var commits = Enumerable.Range(0, random.Next(1, 8))
                .Select(_ => (Partition: random.Next(20), Offset: random.NextInt64(1_000)))
                .ToList();
            commits.ForEach(commit => expected[commit.Partition] = commit.Offset);
            var tasks = commits.ConvertAll(commit => _bench.Thread.Post(
                () => _bench.Driver.CommitAsync(GroupBench.Request(null, -1, ("t", commit.Partition, commit.Offset)))));
            _bench.Thread.Run();
            Assert.All(tasks, task => Assert.Equal(ErrorCode.None, task.Now().Error));
        }

        var text = string.Join(' ', expected.Select(offset => $"t-{offset.Key}:{offset.Value}"));
        Assert.Equal(text, _bench.Offsets());
        _bench.Restart();
        Assert.Equal(text, _bench.Offsets());
        Assert.InRange(_bench.Storage.Keys.Count, 1, 200);
    }

    [Fact]
    public void A_deleted_group_leaves_nothing_and_may_be_created_again()
    {
        _bench.Commit(("t", 0, 1), ("t", 1, 2));
        Assert.Equal(ErrorCode.None, _bench.Delete());
        Assert.Empty(_bench.Storage.Keys);
        Assert.False(_bench.IsListed);
        Assert.Empty(_bench.Mirror);
        Assert.Equal(1, _bench.Drops);
        Assert.Equal(ErrorCode.NotCoordinator, _bench.Commit(("t", 0, 5)).Error);
        _bench.Restart(kill: false);
        Assert.Equal(ErrorCode.GroupIdNotFound, _bench.Describe().Error);
        Assert.Equal(ErrorCode.None, _bench.Commit(("t", 1, 7)).Error);
        _bench.Restart();
        Assert.Equal("t-1:7", _bench.Offsets());
    }

    [Fact]
    public void A_deletion_interrupted_at_any_point_is_completed_by_the_next_activation()
    {
        for (var calls = 1; ; calls++)
        {
            var bench = new GroupBench();
            bench.Commit(("t", 0, 1));
            bench.Restart(kill: false);
            bench.Offsets();
            var left = calls;
            bench.Storage.Faults = async _ =>
            {
                if (--left < 0)
                {
                    await new TaskCompletionSource().Task.ConfigureAwait(false);
                }

                return StorageFault.None;
            };
            var deletion = bench.Thread.Start(() => bench.Driver.DeleteAsync());
            bench.Storage.Faults = null;
            bench.Storage.Crash();
            bench.Restart();
            Assert.Contains(bench.Offsets(), new[] { "t-0:1", "" });
            Assert.NotEqual(bench.Offsets() == "", bench.Describe().Error == ErrorCode.None);
            Assert.Equal(ErrorCode.None, bench.Sweep());
            Assert.Equal(bench.Describe().Error == ErrorCode.None, bench.IsListed);
            Assert.Equal(bench.IsListed, bench.Storage.Keys.Count > 0);
            Assert.Equal(ErrorCode.None, bench.Commit(("t", 3, 3)).Error);
            if (deletion.IsCompleted)
            {
                break;
            }
        }
    }

    [Fact]
    public void Single_offsets_are_deleted()
    {
        _bench.Commit(("t", 0, 1), ("t", 1, 2), ("u", 0, 3));
        var removed = _bench.Thread.Finish(
            () => _bench.Driver.DeleteOffsetsAsync([GroupBench.Partition("t", 1), GroupBench.Partition("x", 0)]));
        Assert.Equal((ErrorCode.None, 0), (removed.Error, removed.Refused.Length));
        Assert.Equal("t-0:1 u-0:3", _bench.Offsets());
        _bench.Restart();
        Assert.Equal("t-0:1 u-0:3", _bench.Offsets());
    }

    [Fact]
    public void The_group_is_deleted_when_its_last_offset_expires()
    {
        _bench.Commit(("t", 0, 1));
        _bench.Advance(TimeSpan.FromDays(4));
        _bench.Commit(("t", 1, 1));
        _bench.Advance(TimeSpan.FromDays(3) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.Equal("t-0:1 t-1:1", _bench.Offsets());
        _bench.Advance(TimeSpan.FromMilliseconds(1));
        _bench.Restart();
        Assert.Equal("t-1:1", _bench.Offsets());
        _bench.Advance(TimeSpan.FromDays(4));
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.Empty(_bench.Storage.Keys);
        Assert.False(_bench.IsListed);
        Assert.Empty(_bench.Mirror);
    }

    [Fact]
    public void An_activation_caused_by_the_sweep_ends_afterwards()
    {
        _bench.Commit(("t", 0, 1));
        _bench.Restart(kill: false);
        var drops = _bench.Drops;
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.Equal(drops + 1, _bench.Drops);
        Assert.Equal("t-0:1", _bench.Offsets());
    }
}
