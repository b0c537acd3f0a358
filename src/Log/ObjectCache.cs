namespace Loire.Log;

/// <summary>
/// The bytes of stored objects that were written or read lately, shared by all logs of a silo and bounded in bytes: what is served most recently stays. Objects
/// are immutable, so nothing in here is ever stale. Thread-safe.
/// </summary>
public sealed class ObjectCache
{
    /// <summary>A cache that holds at most <paramref name="capacityBytes"/>; 0 keeps nothing.</summary>
    public ObjectCache(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }

    /// <summary>The bound on <see cref="Bytes"/>.</summary>
    public long CapacityBytes { get; }

    /// <summary>Bytes held now.</summary>
    public long Bytes => 0;
}
