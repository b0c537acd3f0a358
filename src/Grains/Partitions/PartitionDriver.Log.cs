using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Partitions;

public sealed partial class PartitionDriver
{
    [LoggerMessage(1, LogLevel.Warning, "Partition {Partition} could not be opened: {Error}.")]
    private partial void CouldNotOpen(PartitionKey partition, ErrorCode error);

    [LoggerMessage(2, LogLevel.Warning,
        "The log of partition {Partition} has closed: {Error}. The partition starts again from what is durable.")]
    private partial void LogClosed(PartitionKey partition, ErrorCode error);

    [LoggerMessage(3, LogLevel.Warning,
        "The log of partition {Partition} could not be deleted: {Error}. Deleting the topic again, or the catalog, finishes it.")]
    private partial void CouldNotDelete(PartitionKey partition, ErrorCode error);

    [LoggerMessage(4, LogLevel.Critical, "Partition {Partition} found a bug in itself and gives up its state.")]
    private partial void FoundBug(Exception bug, PartitionKey partition);
}
