using Loire.Grains.Placement;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Turns;

namespace Loire.Grains.Tests.Turns;

public sealed class MoveOrderTests
{
    [Fact]
    public void Topics_and_their_catalog_move_before_the_grains_that_ask_them()
    {
        var bench = new TopicsBench();
        IMoving topic = bench.Topic("t"), catalog = bench.Catalog, partition = new PartitionBench().Driver;
        Assert.Equal([topic, catalog], LeadershipMoves.First([partition, topic, catalog]));
        Assert.Equal([partition], LeadershipMoves.First([partition]));
        Assert.Empty(LeadershipMoves.First([]));
    }
}
