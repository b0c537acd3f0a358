using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>Log messages of a consumer.</summary>
internal static partial class ConsumerLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Partition}: offset {From} no longer exists; continuing at {To} ({Reset}).")]
    public static partial void OffsetReset(ILogger logger, TopicPartition partition, Offset from, Offset to, OffsetSpec reset);

    [LoggerMessage(2, LogLevel.Debug, "{Partition}: fetching from {From} failed with {Code}; retrying in {Pause}.")]
    public static partial void FetchFailed(
        ILogger logger, TopicPartition partition, Offset from, ErrorCode code, TimeSpan pause, Exception? cause);

    [LoggerMessage(3, LogLevel.Warning, "{Partition}: the topic was deleted and recreated; continuing at {To} of the new one.")]
    public static partial void TopicSucceeded(ILogger logger, TopicPartition partition, Offset to);
}
