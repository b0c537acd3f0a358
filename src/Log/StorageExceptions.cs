namespace Loire.Log;

/// <summary>
/// A storage provider has no space: it refused a write and stored nothing of it. The same write may succeed later; reads still work.
/// </summary>
public sealed class StorageFullException : Exception
{
    /// <summary>A refusal with its reason.</summary>
    public StorageFullException(string message)
        : base(message)
    {
    }

    /// <summary>A refusal with its reason and the provider's own error.</summary>
    public StorageFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// A storage provider is slower than the writes that it gets: it refused one that it had not begun, and stored nothing of it. The same write
/// may succeed later.
/// </summary>
public sealed class StorageOverloadedException : Exception
{
    /// <summary>A refusal with its reason.</summary>
    public StorageOverloadedException(string message)
        : base(message)
    {
    }

    /// <summary>A refusal with its reason and the provider's own error.</summary>
    public StorageOverloadedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// A storage provider has stopped accepting writes permanently, as after a failed fsync: whether this write is stored is unknown, and no
/// later one is acknowledged until the store is opened again. A log that gets this exception closes.
/// </summary>
public sealed class StorageBrokenException : Exception
{
    /// <summary>A failure with its reason.</summary>
    public StorageBrokenException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its reason and the provider's own error.</summary>
    public StorageBrokenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// A storage provider holds an object whose bytes are not those that were written; reading it again does not help. A read that throws it
/// still sets the state's ETag, because deleting the object requires it, and the bytes as far as they can be read, because an intact header of
/// a damaged object is used. A log refuses the range concerned and serves the rest; any other
/// exception of a read means that the object may be readable later. A write or a clear that throws it has had no effect: damage hides
/// whether its condition holds.
/// </summary>
public sealed class StorageDamagedException : Exception
{
    /// <summary>Damage with its description.</summary>
    public StorageDamagedException(string message)
        : base(message)
    {
    }

    /// <summary>Damage with its description and the provider's own error.</summary>
    public StorageDamagedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
