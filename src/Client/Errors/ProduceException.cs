using Loire.Model;

namespace Loire.Client;

/// <summary>A record was not delivered, or nobody knows whether it was.</summary>
public sealed class ProduceException : LoireException
{
    /// <param name="code">Why.</param>
    /// <param name="target">Where it should have gone; the partition is −1 if none had been chosen.</param>
    /// <param name="isOutcomeUnknown">Whether the record may be in the log nevertheless.</param>
    /// <param name="message">One sentence about this case.</param>
    /// <param name="inner">The cause.</param>
    public ProduceException(
        ErrorCode code, TopicPartition target, bool isOutcomeUnknown, string? message = null, Exception? inner = null)
        : base(code, message, inner) => (Target, IsOutcomeUnknown) = (target, isOutcomeUnknown);

    /// <summary>Where the record should have gone; the partition is −1 if none had been chosen.</summary>
    public TopicPartition Target { get; }

    /// <summary>
    /// Whether the record may be in the log nevertheless: its node died or did not answer in time. Producing it again may then store it
    /// twice.
    /// </summary>
    public bool IsOutcomeUnknown { get; }
}
