using Loire.Storage.Format;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

internal sealed partial class Replay
{
    /// <summary>Applies the records of an unreadable range as far as the file of keys has them.</summary>
    private void Repair(StoreFile file, long from, long to)
    {
        var position = from;
        var heads = KeysOf(file.Number)?.Heads(from, to) ?? [];
        foreach (var (header, key) in heads.Values)
        {
            if (header.Position > position)
            {
                LoseUnknown(file, position, header.Position);
            }

            var isReadable = header.Kind != RecordKind.Put || (file.Disk is not null && ValueReader.IsSound(file.Disk, header));
            Apply(header, key, file, isDamaged: !isReadable);
            position = Math.Max(position, header.End);
        }

        file.IsQuarantined = true;
        store.Counters.Damages++;
        LogRangeDamaged(store.Logger, file, from, to, heads.Count);
        if (position < to)
        {
            LoseUnknown(file, position, to);
        }
    }

    private void LoseUnknown(StoreFile file, long from, long to)
    {
        if (store.Options.AcceptUnknownLosses)
        {
            LogUnknownLossAccepted(store.Logger, file, from, to);
            return;
        }

        store.UnknownBefore = (file.Number, to);
        LogUnknownLoss(store.Logger, file, from, to);
    }

    [LoggerMessage(
        LogLevel.Information,
        "{File}: {Bytes} bytes after position {Position} belong to no acknowledged write and are truncated.")]
    private static partial void LogTailCut(ILogger logger, StoreFile file, long position, long bytes);

    [LoggerMessage(
        LogLevel.Error,
        "{File} is damaged from position {From} to {To}; {Heads} records there are known from the file of keys.")]
    private static partial void LogRangeDamaged(ILogger logger, StoreFile file, long from, long to, int heads);

    [LoggerMessage(
        LogLevel.Critical,
        "{File} lost records of unknown keys between positions {From} and {To}: every object without a later record is refused. "
        + "Repair the store (store repair), or set AcceptUnknownLosses, to serve the surviving records instead.")]
    private static partial void LogUnknownLoss(ILogger logger, StoreFile file, long from, long to);

    [LoggerMessage(
        LogLevel.Critical,
        "{File} lost records of unknown keys between positions {From} and {To}. AcceptUnknownLosses is set: the surviving records are served.")]
    private static partial void LogUnknownLossAccepted(ILogger logger, StoreFile file, long from, long to);
}
