using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

internal static partial class ProducerLog
{
    [LoggerMessage(
        1, LogLevel.Warning,
        "{Records} records for {Topic}[{Partition}] were not acknowledged: {Error}. Outcome unknown: {IsOutcomeUnknown}.")]
    public static partial void RecordsFailed(
        this ILogger logger, Exception? exception, TopicName topic, int partition, int records, string error, bool isOutcomeUnknown);

    [LoggerMessage(4, LogLevel.Warning, "The partitioner failed when a batch of topic {Topic} was closed.")]
    public static partial void PartitionerFailed(this ILogger logger, Exception exception, TopicName topic);

    [LoggerMessage(5, LogLevel.Debug, "The metadata of topic {Topic} could not be refreshed.")]
    public static partial void TopicNotRenewed(this ILogger logger, Exception exception, TopicName topic);
}
