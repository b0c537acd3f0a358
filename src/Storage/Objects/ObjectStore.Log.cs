using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

internal sealed partial class ObjectStore
{
    [LoggerMessage(LogLevel.Critical, "The store accepts no more writes until it is opened again.")]
    private partial void LogBroken(Exception reason);

    [LoggerMessage(LogLevel.Error, "The store refuses writes: {Reason}")]
    private partial void LogFull(string reason);

    [LoggerMessage(LogLevel.Warning, "The device has space again; the store accepts writes.")]
    private partial void LogSpaceAgain();

    [LoggerMessage(
        LogLevel.Error,
        "The object with sequence number {Sequence} in store file {File} at position {Position} is damaged; reads of it are refused.")]
    private partial void LogDamagedObject(int file, long position, ulong sequence);

    [LoggerMessage(LogLevel.Error, "Store file {File} is damaged at position {Position}; it is kept as it is.")]
    public partial void LogQuarantined(int file, long position);
}
