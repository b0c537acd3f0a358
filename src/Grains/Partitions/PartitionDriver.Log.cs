using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Partitions;

public sealed partial class PartitionDriver
{
    [LoggerMessage(1, LogLevel.Warning, "Partition {Partition} could not be opened: {Error}.")]
    private partial void CouldNotOpen(PartitionKey partition, ErrorCode error);

    [LoggerMessage(2, LogLevel.Warning,
        "The log of partition {Partition} closed: {Error}. The partition restarts from the durable state.")]
    private partial void LogClosed(PartitionKey partition, ErrorCode error);

    [LoggerMessage(3, LogLevel.Warning,
        "The log of partition {Partition} could not be deleted: {Error}. The catalog or another delete completes it.")]
    private partial void CouldNotDelete(PartitionKey partition, ErrorCode error);

    [LoggerMessage(5, LogLevel.Warning,
        "What the retention of partition {Partition} no longer keeps could not be deleted: {Error}. The next check tries again.")]
    private partial void CouldNotRetain(PartitionKey partition, ErrorCode error);

    [LoggerMessage(6, LogLevel.Warning, "Partition {Partition} could not be compacted: {Error}. The next check goes on with it.")]
    private partial void CouldNotCompact(PartitionKey partition, ErrorCode error);

    [LoggerMessage(7, LogLevel.Error,
        "Partition {Partition} is not compacted any more, because damage was found in it. Nothing of it was removed; the node's store check tells more.")]
    private partial void CompactionStopped(PartitionKey partition);

    [LoggerMessage(4, LogLevel.Critical, "A bug stopped partition {Partition}. It restarts from the durable state.")]
    private partial void FoundBug(Exception bug, PartitionKey partition);
}
