using Loire.Grains.Partitions;
using Loire.Grains.Tests.Benches;

namespace Loire.Grains.Tests.Partitions;

public sealed class OpenPartitionsTests
{
    private readonly OpenPartitions _open = new(2);
    private readonly List<string> _left = [];

    [Fact]
    public void Opening_one_more_than_the_bound_lets_one_go_that_was_not_used()
    {
        var (a, b) = (Add("a"), Add("b"));
        a.Driver.TakeUse();
        b.Driver.TakeUse();
        Use(a);
        Add("c");
        Assert.Equal(["b"], _left);
        Assert.Equal(2, _open.Count);
    }

    [Fact]
    public void If_all_were_used_the_oldest_goes()
    {
        Add("a");
        Add("b");
        Add("c");
        Assert.Equal(["a"], _left);
    }

    [Fact]
    public void A_partition_with_a_parked_fetch_or_a_pending_append_stays()
    {
        var (fetching, appending, idle) = (new PartitionBench(), new PartitionBench(), new PartitionBench());
        var fetch = fetching.Fetch(0);
        appending.Hold("chunk");
        var append = appending.Append("v");
        Assert.True(fetching.Driver.IsBusy);
        Assert.True(appending.Driver.IsBusy);
        Add("fetching", fetching);
        Add("appending", appending);
        Add("idle", idle);
        Assert.Empty(_left);
        Add("another");
        Assert.Equal(["idle"], _left);
        Assert.False(fetch.IsCompleted || append.IsCompleted);
    }

    [Fact]
    public void One_that_has_ended_makes_room()
    {
        var a = Add("a");
        Add("b");
        _open.Remove(a);
        _open.Remove(a);
        Add("c");
        Assert.Empty(_left);
        Assert.Equal(2, _open.Count);
    }

    private static void Use(OpenPartitions.Place place) => _ = place.Driver.OffsetsAsync();

    private OpenPartitions.Place Add(string name, PartitionBench? bench = null) =>
        _open.Add((bench ?? new PartitionBench()).Driver, () => _left.Add(name));
}
