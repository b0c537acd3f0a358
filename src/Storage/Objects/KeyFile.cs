using Loire.Storage.Disk;
using Loire.Storage.Format;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

/// <summary>
/// The file of keys that belongs to a store file (see <see cref="KeyBlock"/>). It only adds safety: a failure to write it is logged once
/// and stops the copy, not the store.
/// </summary>
internal sealed partial class KeyFile : IDisposable
{
    private readonly IStoreFile? _file;
    private readonly ILogger _logger;
    private readonly int _number;
    private readonly ReadOnlyMemory<byte>[] _piece = new ReadOnlyMemory<byte>[1];
    private bool _ended;

    private KeyFile(IStoreFile? file, int number, long end, ILogger logger)
    {
        (_file, _number, End, _logger) = (file, number, end, logger);
        _ended = file is null;
    }

    /// <summary>The position of the next block.</summary>
    public long End { get; private set; }

    /// <summary>Creates the file of keys of a new store file, or continues an existing one after <paramref name="validEnd"/>.</summary>
    public static KeyFile Open(ObjectStore store, int number, long recordsStart, long validEnd)
    {
        IStoreFile? file = null;
        try
        {
            var name = FileNames.Keys(number);
            if (validEnd > 0)
            {
                file = store.Directory.Open(name);
                file.Truncate(validEnd);
                return new KeyFile(file, number, validEnd, store.Logger);
            }

            if (store.Directory.List().Contains(name))
            {
                store.Directory.Delete(name);
            }

            var header = new byte[KeyBlock.FileHeaderSize];
            KeyBlock.WriteFileHeader(header, store.Identity, number, recordsStart);
            file = store.Directory.Create(name);
            file.Write([header], 0);
            return new KeyFile(file, number, header.Length, store.Logger);
        }
        catch (DiskException e)
        {
            file?.Dispose();
            LogKeysNotWritten(store.Logger, e, number);
            return new KeyFile(null, number, 0, store.Logger);
        }
    }

    /// <summary>Appends a whole block.</summary>
    public void Append(ReadOnlyMemory<byte> block)
    {
        if (_ended)
        {
            return;
        }

        try
        {
            _piece[0] = block;
            _file!.Write(_piece, End);
            End += block.Length;
        }
        catch (DiskException e)
        {
            _ended = true;
            LogKeysNotWritten(_logger, e, _number);
        }
    }

    public void Dispose() => _file?.Dispose();

    [LoggerMessage(
        LogLevel.Warning,
        "The second copy of the keys of store file {Number} cannot be written; keys have one copy until the next store file.")]
    private static partial void LogKeysNotWritten(ILogger logger, Exception reason, int number);
}
