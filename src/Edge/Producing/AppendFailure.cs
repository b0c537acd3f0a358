using Loire.Grains.Interfaces.Partitions;

namespace Loire.Edge.Producing;

/// <summary>Why the records of a batch were not acknowledged.</summary>
/// <param name="Code">
/// The partition's refusal; <see cref="ErrorCode.RequestTimedOut"/> or <see cref="ErrorCode.NetworkException"/> if no answer arrived.
/// </param>
/// <param name="IsOutcomeUnknown">Whether the records may have been stored nevertheless.</param>
/// <param name="Text">Human-readable detail beyond the error code; null if there is none.</param>
/// <param name="Exception">The exception of the failed call, if there is one.</param>
public sealed record AppendFailure(ErrorCode Code, bool IsOutcomeUnknown, string? Text, Exception? Exception)
{
    /// <summary>What the partition demands of records, if they may be the reason; otherwise null.</summary>
    public RecordDemands? Demands { get; init; }
}
