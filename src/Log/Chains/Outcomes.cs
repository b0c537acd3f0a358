using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>The outcome of a conditional write, after retries.</summary>
internal enum WriteOutcome
{
    /// <summary>Stored: the provider confirmed it, or the content was read back.</summary>
    Done,

    /// <summary>Not stored: the store is full, or damage hides whether the condition holds.</summary>
    Refused,

    /// <summary>The store accepts no more writes.</summary>
    Broken,

    /// <summary>Another object is under the key.</summary>
    Lost,

    /// <summary>Still unknown at the deadline.</summary>
    InDoubt,
}

/// <summary>The result of a conditional write.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="ETag">The stored version, if done.</param>
/// <param name="Found">If lost, the content under the key; empty if there is none.</param>
internal readonly record struct WriteResult(WriteOutcome Outcome, string? ETag, ReadOnlyMemory<byte> Found);

/// <summary>The outcome of a read.</summary>
internal enum FetchStatus
{
    /// <summary>The object was read, and its checksums are right.</summary>
    Found,

    /// <summary>No object is stored under the key.</summary>
    Absent,

    /// <summary>The bytes are not those that were written, on two reads.</summary>
    Damaged,

    /// <summary>Storage cannot be read now.</summary>
    Unreachable,
}

/// <summary>The result of reading an object.</summary>
/// <param name="Status">The outcome.</param>
/// <param name="Object">The object, if found.</param>
/// <param name="Header">The object's header, if at least that is readable.</param>
/// <param name="ETag">The object's version, if known.</param>
internal readonly record struct Fetched(FetchStatus Status, LogObject? Object, ObjectHeader? Header, string? ETag);

/// <summary>The result of reading the head.</summary>
/// <param name="Status">The outcome.</param>
/// <param name="Head">The head; <see cref="Head.None"/> if it is absent or unreadable.</param>
/// <param name="ETag">The head's version, if known.</param>
/// <param name="Damaged">If damaged, the bytes as far as they could be read.</param>
internal readonly record struct FetchedHead(FetchStatus Status, Head Head, string? ETag, ReadOnlyMemory<byte> Damaged = default);
