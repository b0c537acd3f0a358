namespace Loire.Storage.Objects;

/// <summary>Collects the statistics of a store.</summary>
internal static class StoreFigures
{
    public static StoreStatistics Read(ObjectStore store, long pendingBytes)
    {
        var counters = store.Counters;
        lock (store.Gate)
        {
            return new StoreStatistics
            {
                Objects = store.Index.Count,
                Files = store.Files.Count,
                FileBytes = store.Files.Values.Sum(file => file.End),
                LiveBytes = store.Files.Values.Sum(file => file.LiveBytes),
                IndexBytes = store.Index.Bytes,
                PendingBytes = pendingBytes,
                Groups = counters.Groups,
                Syncs = counters.Syncs,
                Records = counters.Records,
                BytesWritten = counters.BytesWritten,
                BytesRead = counters.BytesRead,
                RefusedWrites = counters.RefusedWrites,
                Checkpoints = counters.Checkpoints,
                BytesMoved = counters.BytesMoved,
                BytesReclaimed = counters.BytesReclaimed,
                Damages = counters.Damages,
                DamagedObjects = counters.DamagedObjects,
            };
        }
    }
}
