using System.Diagnostics.Metrics;

namespace Loire.Storage;

/// <summary>The figures of a store as instruments of the meter <c>Loire.Storage</c>.</summary>
internal sealed class StoreMetrics : IDisposable
{
    private readonly Meter _meter = new("Loire.Storage");

    public StoreMetrics(Func<StoreStatistics> statistics, Func<StoreHealth> health)
    {
        _meter.CreateObservableGauge("loire.storage.objects", () => statistics().Objects, null, "Objects in the store.");
        _meter.CreateObservableGauge("loire.storage.files", () => statistics().Files, null, "Store files.");
        _meter.CreateObservableGauge("loire.storage.file.size", () => statistics().FileBytes, "By", "Bytes of all store files.");
        _meter.CreateObservableGauge("loire.storage.live.size", () => statistics().LiveBytes, "By", "Bytes of records in use.");
        _meter.CreateObservableGauge("loire.storage.index.size", () => statistics().IndexBytes, "By", "Memory of the index.");
        _meter.CreateObservableGauge(
            "loire.storage.pending.size", () => statistics().PendingBytes, "By", "Bytes of writes that wait or are in flight.");
        _meter.CreateObservableGauge(
            "loire.storage.damaged.objects", () => statistics().DamagedObjects, null, "Objects that cannot be read.");
        _meter.CreateObservableGauge(
            "loire.storage.condition", () => (int)health().Condition, null, "0 takes writes, 1 no space, 2 broken.");
        _meter.CreateObservableCounter("loire.storage.groups", () => statistics().Groups, null, "Groups of writes made durable together.");
        _meter.CreateObservableCounter("loire.storage.syncs", () => statistics().Syncs, null, "Syncs of the newest store file.");
        _meter.CreateObservableCounter("loire.storage.records", () => statistics().Records, null, "Records written.");
        _meter.CreateObservableCounter("loire.storage.written", () => statistics().BytesWritten, "By", "Bytes written to store files.");
        _meter.CreateObservableCounter("loire.storage.read", () => statistics().BytesRead, "By", "Bytes of objects read.");
        _meter.CreateObservableCounter(
            "loire.storage.refused.writes", () => statistics().RefusedWrites, null, "Writes refused for want of space.");
        _meter.CreateObservableCounter("loire.storage.checkpoints", () => statistics().Checkpoints, null, "Checkpoints of the index.");
        _meter.CreateObservableCounter("loire.storage.moved", () => statistics().BytesMoved, "By", "Bytes rewritten to empty store files.");
        _meter.CreateObservableCounter(
            "loire.storage.reclaimed", () => statistics().BytesReclaimed, "By", "Bytes of store files given back.");
        _meter.CreateObservableCounter("loire.storage.damages", () => statistics().Damages, null, "Damaged places found.");
    }

    public void Dispose() => _meter.Dispose();
}
