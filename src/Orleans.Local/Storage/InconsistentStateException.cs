#nullable disable annotations
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>
/// A write lost to another one: the ETag that it was conditional on is no longer the stored one. If it leaves a request of the grain that
/// wrote, that activation ends, because what it knows is out of date.
/// </summary>
public class InconsistentStateException : OrleansException
{
    /// <summary>A loss without more.</summary>
    public InconsistentStateException()
    {
    }

    /// <summary>A loss without known versions.</summary>
    public InconsistentStateException(string message)
        : base(message)
    {
    }

    /// <summary>A loss with the provider's own error.</summary>
    public InconsistentStateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A loss with both versions.</summary>
    public InconsistentStateException(string errorMsg, string storedEtag, string currentEtag)
        : this(errorMsg, storedEtag, currentEtag, null)
    {
    }

    /// <summary>A loss with both versions and the provider's own error.</summary>
    public InconsistentStateException(string errorMsg, string storedEtag, string currentEtag, Exception storageException)
        : base(errorMsg, storageException) => (StoredEtag, CurrentEtag) = (storedEtag, currentEtag);

    /// <summary>A loss with both versions, described by the provider's own error.</summary>
    public InconsistentStateException(string storedEtag, string currentEtag, Exception storageException)
        : this(storageException.Message, storedEtag, currentEtag, storageException)
    {
    }

    /// <summary>The version in storage, if the provider knows it.</summary>
    public string StoredEtag { get; }

    /// <summary>The version that the write was conditional on.</summary>
    public string CurrentEtag { get; }

    // Only the activation whose own write failed is out of date, not the ones that the exception passes through on its way.
    internal bool IsSourceActivation { get; set; } = true;
}

/// <summary>A storage provider that does not exist, or cannot work.</summary>
public sealed class BadProviderConfigException : OrleansException
{
    /// <summary>Without more.</summary>
    public BadProviderConfigException()
    {
    }

    /// <summary>With a message.</summary>
    public BadProviderConfigException(string msg)
        : base(msg)
    {
    }

    /// <summary>With a cause.</summary>
    public BadProviderConfigException(string msg, Exception exc)
        : base(msg, exc)
    {
    }
}
