using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Storage.Tests;

/// <summary>A directory on the real disk for one test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("loire-storage-").FullName;

    public Task<FileGrainStorage> OpenStoreAsync(Action<FileStoreOptions>? configure = null, TimeProvider? time = null)
    {
        var options = new FileStoreOptions { Directory = Path };
        configure?.Invoke(options);
        return FileGrainStorage.OpenAsync(options, time ?? TimeProvider.System, NullLogger.Instance);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
