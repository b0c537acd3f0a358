using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>The outcome of a request for several partitions: some may be refused while the others are granted.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or the reason why the whole request is refused.</param>
/// <param name="Detail">Human-readable reason of the refusal.</param>
/// <param name="Refused">The refused partitions.</param>
/// <param name="Record">The record to make durable for the others; null if nothing changes.</param>
public readonly record struct OffsetsDecision(
    ErrorCode Error, string? Detail, IReadOnlyList<PartitionError> Refused, OffsetsRecord? Record);
