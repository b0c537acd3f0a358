namespace Loire.Log;

/// <summary>
/// A storage provider refused a write and nothing of it was stored, for want of room. The same write may succeed later; reads go on.
/// </summary>
public sealed class StorageFullException : Exception
{
    /// <summary>A refusal with its reason in one sentence.</summary>
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
/// A storage provider has stopped serving writes for good, as after a failed fsync: whether this write is stored is unknown, and no later
/// one will be acknowledged until the store is opened again. Whoever sees it stops serving.
/// </summary>
public sealed class StorageBrokenException : Exception
{
    /// <summary>A failure with its reason in one sentence.</summary>
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
/// A storage provider holds an object, but its bytes are not those that were written; reading it again does not help. Thrown by reads, and
/// even so the provider sets the state's ETag, without which nobody could delete the object. A log refuses the range concerned and serves
/// the rest; any other failure of a read means that the object may be readable later.
/// </summary>
public sealed class StorageDamagedException : Exception
{
    /// <summary>Damage with what is known of it in one sentence.</summary>
    public StorageDamagedException(string message)
        : base(message)
    {
    }

    /// <summary>Damage with what is known of it and the provider's own error.</summary>
    public StorageDamagedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
