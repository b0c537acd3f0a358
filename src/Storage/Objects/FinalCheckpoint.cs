using Loire.Storage.Disk;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

/// <summary>
/// What a graceful shutdown writes: a store file truncated to its end, and a checkpoint that covers everything.
/// </summary>
internal static partial class FinalCheckpoint
{
    /// <summary>
    /// Writes the checkpoint. It shortens the next start and proves the end of the log, but nothing depends on it, so a failure is only
    /// logged.
    /// </summary>
    public static void Write(ObjectStore store, FileAppender appender)
    {
        try
        {
            appender.Trim();
            appender.AppendKeys();
            new CheckpointWriter(store, appender, _ => { }, () => { }).Write();
        }
        catch (DiskException e)
        {
            LogFailed(store.Logger, e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The checkpoint at shutdown could not be written; the next start replays more.")]
    private static partial void LogFailed(ILogger logger, Exception reason);
}
