namespace Loire.Storage.Objects;

/// <summary>
/// Counters of a store since it was opened. Each is written by one thread or under the gate; a reader may see slightly stale values.
/// </summary>
internal sealed class StoreCounters
{
    /// <summary>Groups of writes made durable.</summary>
    public long Groups;

    /// <summary>Syncs of store files on behalf of writes.</summary>
    public long Syncs;

    /// <summary>Records written, moves included.</summary>
    public long Records;

    /// <summary>Bytes written to store files.</summary>
    public long BytesWritten;

    /// <summary>Bytes of values read.</summary>
    public long BytesRead;

    /// <summary>Objects whose value is known to be unreadable.</summary>
    public long DamagedObjects;

    /// <summary>Damaged places found, whether or not the second copy was readable.</summary>
    public long Damages;

    /// <summary>Writes refused for lack of space.</summary>
    public long RefusedWrites;

    /// <summary>Bytes of the last checkpoint of the index.</summary>
    public long CheckpointBytes;

    /// <summary>Checkpoints of the index written.</summary>
    public long Checkpoints;

    /// <summary>Bytes of live records that reclaiming has rewritten.</summary>
    public long BytesMoved;

    /// <summary>Bytes of deleted store files.</summary>
    public long BytesReclaimed;
}
