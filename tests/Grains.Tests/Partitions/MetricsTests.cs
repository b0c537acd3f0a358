using System.Diagnostics.Metrics;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

public class MetricsTests
{
    [Fact]
    public void The_size_of_open_logs_and_what_is_deleted_of_them_are_counted()
    {
        var bench = new PartitionBench(log: new PartitionLogOptions { WholeChunkBytes = 1 });
        bench.Topic = () => Task.FromResult(
            new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults with { RetentionTime = TimeSpan.FromHours(1) }));
        using var listener = Listen(bench, out var counts);
        bench.Appended("a", "b");
        bench.Advance(TimeSpan.FromHours(2));
        bench.Appended(TestBatches.Of(Timestamp.From(bench.Time.GetUtcNow()).Milliseconds, "c"));
        Retain(bench);
        var size = bench.Thread.Finish(() => bench.Log.MeasureAsync().AsTask()).Size.Bytes;
        Assert.InRange(size, 1, 1_000);
        Assert.Equal((2L, size), (counts["loire.log.deleted.records"], counts["loire.log.size"]));
        Assert.InRange(counts["loire.log.deleted.size"], size, 2 * size);

        bench.Thread.Finish(async () =>
        {
            await bench.Driver.DisposeAsync();
            return true;
        });
        Assert.Equal(0, counts["loire.log.size"]);
    }

    [Fact]
    public void Records_that_two_requests_delete_at_once_are_counted_once()
    {
        var bench = new PartitionBench();
        using var listener = Listen(bench, out var counts);
        bench.Appended("a", "b", "c");
        var release = bench.Hold("head");
        var first = bench.Thread.Start(() => bench.Driver.DeleteRecordsAsync(new Offset(2), validateOnly: false).AsTask());
        var second = bench.Thread.Start(() => bench.Driver.DeleteRecordsAsync(new Offset(3), validateOnly: false).AsTask());
        Assert.False(first.IsCompleted || second.IsCompleted);
        release();

        Assert.Equal((ErrorCode.None, ErrorCode.None, 3), (first.Now().Error, second.Now().Error, second.Now().LogStart.Value));
        Assert.Equal(3, counts["loire.log.deleted.records"]);
    }

    [Fact]
    public void Appends_fetches_and_errors_are_counted()
    {
        var bench = new PartitionBench();
        using var listener = Listen(bench, out var counts);
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

    private static void Retain(PartitionBench bench) => bench.Thread.Finish(async () =>
    {
        await bench.Driver.RetainAsync();
        return true;
    });

    private static MeterListener Listen(PartitionBench bench, out Dictionary<string, long> counts)
    {
        var found = counts = [];
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (bench.Owns(instrument.Meter))
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var name = string.Join(' ', [instrument.Name, .. tags.ToArray().Select(tag => tag.Value)]);
            found[name] = found.GetValueOrDefault(name) + value;
        });
        listener.Start();
        return listener;
    }
}
