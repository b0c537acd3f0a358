using System.Globalization;
using Loire.Log;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Storage.Disk;
using Loire.Storage.Format;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Loire.Storage;

/// <summary>
/// Grain storage in the files of one directory: all writes of all grains go to the end of one set of append-only files, and writes that
/// arrive while a sync runs share the next one. An acknowledged write is durable (see <see cref="FileStoreOptions.SyncInterval"/>), and a
/// read returns only durable values. Thread-safe; several silos of one process may share an instance.
/// <para>
/// A write fails with <c>InconsistentStateException</c> if its ETag is not the stored one, <see cref="StorageFullException"/> if the device
/// has no space (nothing is stored, and writes work again once there is space), <see cref="StorageOverloadedException"/> if it is slower than
/// the writes that arrive (nothing is stored either), or <see cref="StorageBrokenException"/> if its outcome is
/// unknown: then the store accepts no more writes until it is opened again. A read fails with <see cref="StorageDamagedException"/> if the
/// stored bytes are not what was written; it still sets the version, and the bytes of a <see cref="StoredObject"/> as they are.
/// </para>
/// </summary>
public sealed class FileGrainStorage : IGrainStorage, IObjectListing, IAsyncDisposable
{
    private static readonly LoireGrainStorageSerializer _serializer = new();
    private readonly ObjectStore _store;
    private readonly ObjectReader _reader;
    private readonly StoreWriter _writer;
    private readonly WriterThread _thread;
    private readonly MaintenanceThread _maintenance;
    private readonly FileAppender _appender;
    private Task? _disposal;

    private FileGrainStorage(OpenedStore opened, TimeProvider time)
    {
        (_store, _appender) = (opened.Store, opened.Appender);
        _reader = new ObjectReader(_store);
        _writer = new StoreWriter(_store, _appender);
        _thread = new WriterThread(_store, _writer, time, (bytes, records) => _maintenance!.Note(bytes, records));
        _maintenance = new MaintenanceThread(opened, _thread, time);
        _thread.Start();
        _maintenance.Start();
    }

    /// <summary>Whether the store accepts writes, and what is known to be damaged.</summary>
    public StoreHealth Health
    {
        get
        {
            lock (_store.Gate)
            {
                return new StoreHealth(_store.Condition, _store.Reason, _store.Counters.DamagedObjects, _store.UnknownBefore.File != 0);
            }
        }
    }

    /// <summary>Figures for metrics and tests.</summary>
    public StoreStatistics Statistics => StoreFigures.Read(_store, _thread.Queue.ReservedBytes);

    /// <summary>
    /// Opens the store in <see cref="FileStoreOptions.Directory"/>: locks it, and recovers what the last owner left, or creates it if it is
    /// new.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="IOException">Another process has the store open, or the directory cannot be used.</exception>
    /// <exception cref="InvalidDataException">The directory holds files that do not belong together.</exception>
    public static Task<FileGrainStorage> OpenAsync(FileStoreOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        return Task.Run(() => Open(DiskDirectory.Take(options.Directory), options, time, logger));
    }

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = StoreKey.Encode(stateName, grainId);
        if (_reader.TryRead(key, cachedOnly: true, out var read))
        {
            SetState(grainState, read);
            return read.Damage is null ? Task.CompletedTask : Task.FromException(read.Damage);
        }

        // Waits for the device, so it must not block the caller's thread.
        return ReadSlowlyAsync(key, grainState);
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = StoreKey.Encode(stateName, grainId);
        IReadOnlyList<ReadOnlyMemory<byte>> pieces = grainState.State switch
        {
            StoredObject stored => stored.Pieces,
            null => throw new ArgumentException("There is no state to write.", nameof(grainState)),
            _ => [_serializer.Serialize(grainState.State).ToMemory()],
        };
        long length = 0;
        uint crc = 0;
        for (var i = 0; i < pieces.Count; i++)
        {
            crc = Crc32C.Append(crc, pieces[i].Span);
            length += pieces[i].Length;
        }

        if (length > Limits.StoredObjectBytes)
        {
            throw new ArgumentException(
                $"The object has {length} bytes; at most {Limits.StoredObjectBytes} are allowed.", nameof(grainState));
        }

        var write = new PendingWrite(RecordKind.Put, key, pieces, (uint)length, crc);
        await CommitAsync(write, grainState.ETag, stateName, grainId).ConfigureAwait(false);
        grainState.ETag = ETag(write.Sequence);
        grainState.RecordExists = true;
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var write = new PendingWrite(RecordKind.Delete, StoreKey.Encode(stateName, grainId), [], 0, 0);
        await CommitAsync(write, grainState.ETag, stateName, grainId).ConfigureAwait(false);
        SetState(grainState, default);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<string> ListAsync(string stateName, string prefix, CancellationToken cancellation) =>
        StoreListing.ListAsync(_store, stateName, prefix, cancellation);

    /// <summary>Completes the writes in flight, rejects later ones, writes a checkpoint of the index and releases the directory.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_store.Gate)
        {
            if (_disposal is null)
            {
                _store.IsClosed = true;
                _thread.Queue.Close();
                _disposal = Task.Run(Close);
            }
        }

        return new ValueTask(_disposal);
    }

    /// <summary>Opens the store in a directory that is already locked.</summary>
    internal static FileGrainStorage Open(IStoreDirectory directory, FileStoreOptions options, TimeProvider time, ILogger logger)
    {
        try
        {
            return new FileGrainStorage(Recovery.Open(directory, options, logger), time);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>The state of the store.</summary>
    internal ObjectStore Objects => _store;

    /// <summary>Reads an object from the device; its bytes as they are if it is damaged, otherwise null.</summary>
    internal byte[]? ReadUnverified(byte[] key, in ObjectEntry entry)
    {
        IStoreFile? disk;
        lock (_store.Gate)
        {
            disk = _store.Files.TryGetValue(entry.File, out var file) ? file.Disk : null;
        }

        var position = entry.ValuePosition(key.Length);
        if (disk is not null && !entry.IsDamaged
            && ValueReader.Read(disk, position, entry.Length, entry.Crc, cachedOnly: false, out _) is not null)
        {
            return null;
        }

        return disk is null ? [] : ValueReader.ReadUnverified(disk, position, entry.Length) ?? [];
    }

    /// <summary>Replaces the version <paramref name="sequence"/> of an object by a value, or by none if that is null.</summary>
    internal Task ReplaceAsync(byte[] key, ulong sequence, byte[]? value)
    {
        var write = value is null
            ? new PendingWrite(RecordKind.Delete, key, [], 0, 0)
            : new PendingWrite(RecordKind.Put, key, [value], (uint)value.Length, Crc32C.Compute(value));
        return CommitAsync(write, ETag(sequence), "object", default);
    }

    /// <summary>Runs reclaiming now, and a checkpoint, even if none is due.</summary>
    internal Task MaintainAsync(bool checkpoint = true) => Task.Run(() => _maintenance.WorkNow(checkpoint));

    /// <summary>Makes all acknowledged writes durable; needed only with a sync interval.</summary>
    internal Task SyncAsync() => _thread.SyncAsync();

    private static string ETag(ulong sequence) => sequence.ToString(CultureInfo.InvariantCulture);

    // 0 requires an absent object; a text that is not an ETag of ours matches none.
    private static ulong Sequence(string? etag)
        => string.IsNullOrEmpty(etag) ? 0
        : ulong.TryParse(etag, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) && sequence > 0 ? sequence
        : ulong.MaxValue;

    // Also of a damaged object: its version deletes it, and what is left of a StoredObject may have an intact header.
    private static void SetState<T>(IGrainState<T> grainState, ObjectRead read)
    {
        var isStoredObject = typeof(T) == typeof(StoredObject);
        grainState.State = read.Value is null || (read.Damage is not null && !isStoredObject) ? BlankState<T>.Create()
            : isStoredObject ? (T)(object)new StoredObject { Pieces = [read.Value] }
            : _serializer.Deserialize<T>(new BinaryData(read.Value));
        grainState.ETag = read.Sequence == 0 ? null! : ETag(read.Sequence);
        grainState.RecordExists = read.Sequence != 0;
    }

    private async Task ReadSlowlyAsync<T>(byte[] key, IGrainState<T> grainState)
    {
        var read = await Task.Run(() =>
        {
            Invariant.Check(_reader.TryRead(key, cachedOnly: false, out var read));
            return read;
        }).ConfigureAwait(false);
        SetState(grainState, read);
        if (read.Damage is not null)
        {
            throw read.Damage;
        }
    }

    private async Task CommitAsync(PendingWrite write, string? etag, string stateName, GrainId grainId)
    {
        var queue = _thread.Queue;
        await queue.ReserveAsync(write.RecordBytes).ConfigureAwait(false);
        while (true)
        {
            WriteAdmission admission;
            Task? other;
            ulong stored;
            try
            {
                admission = queue.TrySubmit(write, Sequence(etag), out other, out stored);
            }
            catch
            {
                queue.Release(write.RecordBytes);
                throw;
            }

            switch (admission)
            {
                case WriteAdmission.Queued:
                    await write.Task.ConfigureAwait(false);
                    return;
                case WriteAdmission.Busy:
                    await Task.WhenAny(other!).ConfigureAwait(false);
                    break;
                case WriteAdmission.Nothing:
                    queue.Release(write.RecordBytes);
                    return;
                case WriteAdmission.Conflict:
                    queue.Release(write.RecordBytes);
                    throw new InconsistentStateException(
                        $"{stateName} of {grainId} is stored in another version than this write expects.",
                        stored == 0 ? null : ETag(stored),
                        etag);
            }
        }
    }

    private void Close()
    {
        _maintenance.Dispose();
        _thread.Dispose();
        if (_store.BrokenBy is null)
        {
            FinalCheckpoint.Write(_store, _appender);
        }

        _writer.Dispose();
        _store.Dispose();
    }
}
