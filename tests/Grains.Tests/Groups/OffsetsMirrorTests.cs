using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

public class OffsetsMirrorTests
{
    private readonly GroupBench _bench = new();

    [Fact]
    public void Commits_are_mirrored_in_Kafkas_bytes_to_Kafkas_partition()
    {
        _bench.Commit(("t", 0, 5), ("t", 1, 6));
        Assert.Equal(["g/t-0", "g/t-1"], _bench.Mirror.Keys);
        Assert.Equal(5, _bench.Mirror["g/t-0"].Offset.Value);
        Assert.Equal(Timestamp.From(_bench.Time.GetUtcNow()), _bench.Mirror["g/t-0"].CommittedAt);
        Assert.Equal([GroupId.Parse("g").Place(50)], _bench.MirrorPartitions);
    }

    [Fact]
    public void Only_the_newest_of_many_commits_is_mirrored()
    {
        for (var i = 0; i < 1_000; i++)
        {
            _bench.Commit(("t", i % 2, i));
        }

        Assert.Equal((1, 2), (_bench.MirrorAppends, _bench.Driver.NotMirrored));
        _bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((2, 0), (_bench.MirrorAppends, _bench.Driver.NotMirrored));
        Assert.Equal((998, 999), (_bench.Mirror["g/t-0"].Offset.Value, _bench.Mirror["g/t-1"].Offset.Value));
    }

    [Fact]
    public void Removed_offsets_are_tombstones()
    {
        _bench.Commit(("t", 0, 5), ("t", 1, 6));
        _bench.Thread.Finish(() => _bench.Driver.DeleteOffsetsAsync([GroupBench.Partition("t", 0)]));
        _bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["g/t-1"], _bench.Mirror.Keys);
    }

    [Fact]
    public void Tombstones_of_a_deleted_group_do_not_overtake_an_append_in_flight()
    {
        var held = new Gate();
        _bench.HoldNextAppend = held.Opened;
        _bench.Commit(("t", 0, 5));
        var deletion = _bench.Thread.Start(() => _bench.Driver.DeleteAsync());
        _bench.Thread.After(held.Open);
        Assert.Equal(ErrorCode.None, deletion.Now());
        Assert.Empty(_bench.Mirror);
    }

    [Theory]
    [InlineData("append")]
    [InlineData("offsets topic")]
    public void A_commit_does_not_wait_for_the_mirror_which_retries(string what)
    {
        _bench.Fault = call => call == what ? ErrorCode.NotLeaderOrFollower : ErrorCode.None;
        Assert.Equal(ErrorCode.None, _bench.Commit(("t", 0, 5)).Error);
        Assert.Equal(ErrorCode.None, _bench.Commit(("t", 0, 6), ("t", 1, 1)).Error);
        Assert.Equal((0, 2), (_bench.MirrorAppends, _bench.Driver.NotMirrored));
        _bench.Advance(TimeSpan.FromSeconds(60));
        _bench.Fault = _ => ErrorCode.None;
        _bench.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(6, _bench.Mirror["g/t-0"].Offset.Value);
        Assert.Equal(0, _bench.Driver.NotMirrored);
    }

    [Fact]
    public void Commits_are_not_mirrored_if_the_mirror_is_off()
    {
        var bench = new GroupBench(configure: options => options.MirrorOffsets = false);
        bench.Commit(("t", 0, 5));
        Assert.Equal(ErrorCode.None, bench.Delete());
        Assert.Equal(0, bench.MirrorAppends);
    }

    [Fact]
    public void A_large_commit_takes_several_batches()
    {
        var bench = new GroupBench();
        (string, int, long)[] offsets = [.. Enumerable.Range(0, 10_000).Select(i => (new string('t', 200), i, (long)i))];
        Assert.Equal(ErrorCode.None, bench.Commit(offsets).Error);
        Assert.InRange(bench.MirrorAppends, 2, 50);
        Assert.Equal(10_000, bench.Mirror.Count);
    }
}
