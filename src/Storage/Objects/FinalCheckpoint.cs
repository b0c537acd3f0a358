using Loire.Storage.Disk;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

/// <summary>
/// What an orderly end leaves behind: a store file without empty room at its end, and a checkpoint that covers everything.
/// </summary>
internal static partial class FinalCheckpoint
{
    /// <summary>
    /// Writes it. It saves the next owner time and proves how far the log went, but nothing depends on it, so a failure is only said.
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

    [LoggerMessage(LogLevel.Warning, "The last checkpoint before the end could not be written; the next start replays more.")]
    private static partial void LogFailed(ILogger logger, Exception reason);
}
