namespace Loire.Storage.Objects;

/// <summary>Statistics of a store. Counters start when it is opened.</summary>
public readonly record struct StoreStatistics
{
    /// <summary>Objects in the store.</summary>
    public long Objects { get; init; }

    /// <summary>Store files.</summary>
    public int Files { get; init; }

    /// <summary>Bytes of all store files, up to their last record.</summary>
    public long FileBytes { get; init; }

    /// <summary>Bytes of records that are in use.</summary>
    public long LiveBytes { get; init; }

    /// <summary>Bytes of memory of the index.</summary>
    public long IndexBytes { get; init; }

    /// <summary>Bytes of writes that are queued or in flight.</summary>
    public long PendingBytes { get; init; }

    /// <summary>Groups of writes made durable together.</summary>
    public long Groups { get; init; }

    /// <summary>Syncs of the newest store file.</summary>
    public long Syncs { get; init; }

    /// <summary>Records written.</summary>
    public long Records { get; init; }

    /// <summary>Bytes written to store files.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Bytes of objects read.</summary>
    public long BytesRead { get; init; }

    /// <summary>Writes refused for lack of space.</summary>
    public long RefusedWrites { get; init; }

    /// <summary>Checkpoints of the index.</summary>
    public long Checkpoints { get; init; }

    /// <summary>Bytes of live records rewritten to empty store files.</summary>
    public long BytesMoved { get; init; }

    /// <summary>Bytes of deleted store files.</summary>
    public long BytesReclaimed { get; init; }

    /// <summary>Damaged places found, whether or not the second copy was readable.</summary>
    public long Damages { get; init; }

    /// <summary>Objects that cannot be read because they are damaged.</summary>
    public long DamagedObjects { get; init; }
}
