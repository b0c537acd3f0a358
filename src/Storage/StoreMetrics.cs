using System.Diagnostics.Metrics;

namespace Loire.Storage;

/// <summary>The statistics of a store as instruments of the meter <c>Loire.Storage</c>.</summary>
internal static class StoreMetrics
{
    public const string MeterName = "Loire.Storage";

    /// <summary>Publishes the statistics of a store for as long as the meters of its host live.</summary>
    public static void Publish(FileGrainStorage store, IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableUpDownCounter("loire.storage.objects", () => store.Statistics.Objects, "{object}", "Objects in the store.");
        meter.CreateObservableUpDownCounter("loire.storage.files", () => store.Statistics.Files, "{file}", "Store files.");
        meter.CreateObservableUpDownCounter("loire.storage.file.size", () => store.Statistics.FileBytes, "By", "Bytes of all store files.");
        meter.CreateObservableUpDownCounter("loire.storage.live.size", () => store.Statistics.LiveBytes, "By", "Bytes of records in use.");
        meter.CreateObservableUpDownCounter("loire.storage.index.size", () => store.Statistics.IndexBytes, "By", "Memory of the index.");
        meter.CreateObservableUpDownCounter(
            "loire.storage.pending.size", () => store.Statistics.PendingBytes, "By", "Bytes of writes that wait or are in flight.");
        meter.CreateObservableUpDownCounter(
            "loire.storage.objects.damaged", () => store.Statistics.DamagedObjects, "{object}", "Objects that cannot be read.");
        meter.CreateObservableGauge(
            "loire.storage.condition", () => (int)store.Health.Condition, "{condition}", "0 accepts writes, 1 has no space, 2 is broken.");
        meter.CreateObservableCounter(
            "loire.storage.commits", () => store.Statistics.Groups, "{commit}", "Groups of writes made durable together.");
        meter.CreateObservableCounter("loire.storage.syncs", () => store.Statistics.Syncs, "{sync}", "Syncs of the newest store file.");
        meter.CreateObservableCounter("loire.storage.records", () => store.Statistics.Records, "{record}", "Records written.");
        meter.CreateObservableCounter("loire.storage.written", () => store.Statistics.BytesWritten, "By", "Bytes written to store files.");
        meter.CreateObservableCounter("loire.storage.read", () => store.Statistics.BytesRead, "By", "Bytes of objects read.");
        meter.CreateObservableCounter(
            "loire.storage.writes.refused", () => store.Statistics.RefusedWrites, "{write}", "Writes refused for lack of space.");
        meter.CreateObservableCounter(
            "loire.storage.checkpoints", () => store.Statistics.Checkpoints, "{checkpoint}", "Checkpoints of the index.");
        meter.CreateObservableCounter(
            "loire.storage.moved", () => store.Statistics.BytesMoved, "By", "Bytes rewritten to empty store files.");
        meter.CreateObservableCounter(
            "loire.storage.reclaimed", () => store.Statistics.BytesReclaimed, "By", "Bytes of store files returned to the file system.");
        meter.CreateObservableCounter("loire.storage.damages", () => store.Statistics.Damages, "{place}", "Damaged places found.");
    }
}
