using System.Diagnostics.Metrics;
using Loire.Grains.Groups;
using Loire.Grains.Tests.Benches;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

public class GroupMetricsTests
{
    [Fact]
    public void Members_rebalances_and_commits_are_counted()
    {
        using var meters = new Meters();
        var counts = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (meters.Made.Contains(instrument.Meter))
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => counts[instrument.Name] = counts.GetValueOrDefault(instrument.Name) + value);
        listener.Start();
        var bench = new GroupBench(configure: options => options.Metrics = new GroupMetrics(meters));
        bench.Topics["t"] = 4;

        bench.Commit(("t", 0, 1), ("t", 1, 2));
        Assert.Equal((1, 2), (counts["loire.group.commits"], counts["loire.group.commit.offsets"]));

        _ = bench.Heartbeat("a", 0, ["t"]);
        bench.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((1, 1), (counts["loire.group.members"], counts["loire.group.rebalances"]));

        _ = bench.Heartbeat("b", 0, ["t"]);
        bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((2, 2), (counts["loire.group.members"], counts["loire.group.rebalances"]));

        // With members, a commit of no member is refused.
        bench.Commit(("t", 0, 3));
        Assert.Equal(1, counts["loire.group.commits"]);

        bench.Restart(kill: false);
        Assert.Equal(0, counts["loire.group.members"]);
        bench.Describe();
        Assert.Equal(2, counts["loire.group.members"]);
    }
}
