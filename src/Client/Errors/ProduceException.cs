using Loire.Model;

namespace Loire.Client;

/// <summary>A record was not delivered, or it is unknown whether it was.</summary>
public sealed class ProduceException : LoireException
{
    /// <param name="code">Kafka's error.</param>
    /// <param name="target">The record's destination; the partition is −1 if none was chosen.</param>
    /// <param name="isOutcomeUnknown">Whether the record may have been stored nevertheless.</param>
    /// <param name="message">Human-readable detail; null for the error table's text.</param>
    /// <param name="inner">The cause; null if there is none.</param>
    public ProduceException(
        ErrorCode code, TopicPartition target, bool isOutcomeUnknown, string? message = null, Exception? inner = null)
        : base(code, message, inner) => (Target, IsOutcomeUnknown) = (target, isOutcomeUnknown);

    /// <summary>The record's destination; the partition is −1 if none was chosen.</summary>
    public TopicPartition Target { get; }

    /// <summary>
    /// Whether the record may have been stored nevertheless, because its node died or did not answer in time. Producing it again may then
    /// store it twice.
    /// </summary>
    public bool IsOutcomeUnknown { get; }
}
