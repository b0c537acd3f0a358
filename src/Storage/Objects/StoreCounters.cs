namespace Loire.Storage.Objects;

/// <summary>
/// Figures of a store since it was opened. Written by one thread each or under the gate; a reader may see them slightly old.
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

    /// <summary>Places found damaged, readable from the second copy or not.</summary>
    public long Damages;

    /// <summary>Writes refused for want of space.</summary>
    public long RefusedWrites;

    /// <summary>Bytes of the last checkpoint of the index.</summary>
    public long CheckpointBytes;

    /// <summary>Checkpoints of the index written.</summary>
    public long Checkpoints;

    /// <summary>Bytes of live records that reclaiming has rewritten.</summary>
    public long BytesMoved;

    /// <summary>Bytes of store files given back.</summary>
    public long BytesReclaimed;
}
