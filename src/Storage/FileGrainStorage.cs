using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Loire.Storage;

/// <summary>
/// Grain storage in the files of one directory: all writes of all grains go to the end of one set of append-only files, and writes that arrive while a sync runs
/// share the next one. An acknowledged write is durable (see <see cref="FileStoreOptions.SyncInterval"/>).
/// </summary>
public sealed class FileGrainStorage : IGrainStorage, IAsyncDisposable
{
    private FileGrainStorage()
    {
    }

    /// <summary>Whether the store takes writes, and what it knows to be damaged.</summary>
    public StoreHealth Health => default;

    /// <summary>Opens the store in <see cref="FileStoreOptions.Directory"/>: takes its lock, recovers what the last owner left, creates it if it is new.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="IOException">Another process has the store open, or the directory cannot be used.</exception>
    public static Task<FileGrainStorage> OpenAsync(FileStoreOptions options, TimeProvider time, ILogger logger)
        => Task.FromResult(new FileGrainStorage());

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => Task.CompletedTask;

    /// <summary>Ends the writes in flight, refuses later ones, writes a checkpoint of the index and lets go of the directory.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
