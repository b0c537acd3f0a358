using System.Diagnostics.Metrics;
using Loire.Grains.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Model;

namespace Loire.Grains.Tests.Partitions;

public class MetricsTests
{
    [Fact]
    public void Appends_fetches_and_errors_are_counted()
    {
        var counts = new Dictionary<string, long>();
        var bench = new PartitionBench();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (bench.Owns(instrument.Meter))
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var name = string.Join(' ', [instrument.Name, .. tags.ToArray().Select(tag => tag.Value)]);
            counts[name] = counts.GetValueOrDefault(name) + value;
        });
        listener.Start();
        var size = Batch.Of("a", "b").Length;
        bench.Appended("a", "b");
        bench.Appended(Batch.Of("a", "b"), Acks.None);
        bench.Appended(new byte[61]);
        bench.Fetched(0);
        bench.Fetched(99);
        var waiting = bench.Fetch(4);

        Assert.False(waiting.IsCompleted);
        Assert.Equal(PartitionMetrics.MeterName, "Loire.Grains");
        Assert.Equal(
            [
                new("loire.partition.append.records", 4),
                new("loire.partition.append.size", 2 * size),
                new("loire.partition.appends", 2),
                new("loire.partition.errors append UNSUPPORTED_FOR_MESSAGE_FORMAT", 1),
                new("loire.partition.errors fetch OFFSET_OUT_OF_RANGE", 1),
                new("loire.partition.fetch.size", 2 * size),
                new("loire.partition.fetches", 1),
                new("loire.partition.fetches.waiting", 1),
            ],
            counts.OrderBy(count => count.Key, StringComparer.Ordinal));
    }
}
