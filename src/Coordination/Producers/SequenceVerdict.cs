using Loire.Model;

namespace Loire.Coordination.Producers;

/// <summary>What the sequences of an append's batches say.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why nothing of the append may be appended.</param>
/// <param name="Repeated">How many of its first batches repeat batches of the log, and are not appended again.</param>
/// <param name="BaseOffset">Where the first of those lies; <see cref="Offset.None"/> without any.</param>
/// <param name="NextOffset">The offset after the last of those; <see cref="Offset.None"/> without any.</param>
/// <param name="MaxTimestamp">The greatest timestamp that they have in the log.</param>
public readonly record struct SequenceVerdict(ErrorCode Error, int Repeated, Offset BaseOffset, Offset NextOffset, Timestamp MaxTimestamp);
