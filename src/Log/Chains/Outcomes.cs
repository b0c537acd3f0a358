using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>How a conditional write ended once everything was done to find out.</summary>
internal enum WriteOutcome
{
    /// <summary>Stored: the provider said so, or the content was read back.</summary>
    Done,

    /// <summary>Not stored, and it will not be: the store is full.</summary>
    Refused,

    /// <summary>The store serves no more writes.</summary>
    Broken,

    /// <summary>Something else is under the key.</summary>
    Lost,

    /// <summary>Still unknown at the deadline.</summary>
    InDoubt,
}

/// <summary>The end of a conditional write.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="ETag">The version stored, if done.</param>
/// <param name="Found">If lost, what is under the key instead; empty if nothing is.</param>
internal readonly record struct WriteResult(WriteOutcome Outcome, string? ETag, ReadOnlyMemory<byte> Found);

/// <summary>How a read ended.</summary>
internal enum FetchStatus
{
    /// <summary>The object is here and its checksums are right.</summary>
    Found,

    /// <summary>There is no object under the key.</summary>
    Absent,

    /// <summary>There is one, but its bytes are not what was written; it was read twice.</summary>
    Damaged,

    /// <summary>Storage cannot be read now.</summary>
    Unreachable,
}

/// <summary>What a read found.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Object">The object, if found.</param>
/// <param name="Header">Its header, if that much is readable.</param>
/// <param name="ETag">Its version, if known.</param>
internal readonly record struct Fetched(FetchStatus Status, LogObject? Object, ObjectHeader? Header, string? ETag);

/// <summary>What a read of the head found.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Head">The head; <see cref="Head.None"/> if there is none to use.</param>
/// <param name="ETag">Its version.</param>
internal readonly record struct FetchedHead(FetchStatus Status, Head Head, string? ETag);
