namespace Loire.Edge.Producing;

/// <summary>Why the records of a batch were not acknowledged.</summary>
/// <param name="Code">
/// The partition's refusal; <see cref="ErrorCode.RequestTimedOut"/> or <see cref="ErrorCode.NetworkException"/> if no answer came.
/// </param>
/// <param name="IsOutcomeUnknown">Whether the records may be stored nevertheless.</param>
/// <param name="Text">Human-readable message, where the error code does not say enough.</param>
/// <param name="Exception">The exception of the failed call, if there is one.</param>
public sealed record AppendFailure(ErrorCode Code, bool IsOutcomeUnknown, string? Text, Exception? Exception);
