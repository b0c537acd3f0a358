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

    [LoggerMessage(4, LogLevel.Critical, "A bug stopped partition {Partition}. It restarts from the durable state.")]
    private partial void FoundBug(Exception bug, PartitionKey partition);
}
