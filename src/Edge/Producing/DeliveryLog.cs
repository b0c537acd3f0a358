using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Edge.Producing;

internal static partial class DeliveryLog
{
    [LoggerMessage(2, LogLevel.Debug, "Retrying an append to {Topic}[{Partition}] after {Error}.")]
    public static partial void AppendRetried(this ILogger logger, Exception? exception, TopicName topic, int partition, string error);

    [LoggerMessage(3, LogLevel.Error, "An append to {Topic}[{Partition}] ended with an unexpected exception.")]
    public static partial void DeliveryFailed(this ILogger logger, Exception exception, TopicName topic, int partition);
}
