using Loire.Log.Tests.LogSuite;
using Orleans.Storage;

namespace Loire.Storage.Tests.Contract;

/// <summary>The suite of the log over files.</summary>
public sealed class PartitionLogInFiles : PartitionLogSuite
{
    protected override Task<ILogStore> NewStoreAsync() => FileLogStore.CreateAsync();
}

/// <summary>The suite of the start of a log over files.</summary>
public sealed class LogStartInFiles : LogStartSuite
{
    protected override Task<ILogStore> NewStoreAsync() => FileLogStore.CreateAsync();
}

/// <summary>The suite of rewriting over files.</summary>
public sealed class RewriteInFiles : RewriteSuite
{
    protected override Task<ILogStore> NewStoreAsync() => FileLogStore.CreateAsync();
}

/// <summary>The suite of the tables of keys over files.</summary>
public sealed class TablesInFiles : TableSuite
{
    protected override Task<ILogStore> NewStoreAsync() => FileLogStore.CreateAsync();
}

/// <summary>Files as a store.</summary>
internal sealed class FileLogStore(TemporaryDirectory directory, FileGrainStorage store) : ILogStore
{
    private FileGrainStorage _store = store;

    public static async Task<ILogStore> CreateAsync()
    {
        var directory = new TemporaryDirectory();
        return new FileLogStore(directory, await directory.OpenStoreAsync());
    }

    public IGrainStorage Storage => _store;

    public async Task ReopenAsync()
    {
        await _store.DisposeAsync();
        _store = await directory.OpenStoreAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        directory.Dispose();
    }
}
