using Loire.Log.Tests.LogSuite;
using Loire.TestKit;
using Orleans.Storage;

namespace Loire.Log.Tests;

/// <summary>The partition log's suite over memory.</summary>
public sealed class PartitionLogInMemory : PartitionLogSuite
{
    protected override Task<ILogStore> NewStoreAsync() => Task.FromResult<ILogStore>(new MemoryStore());
}

/// <summary>The suite of the start of a log over memory.</summary>
public sealed class LogStartInMemory : LogStartSuite
{
    protected override Task<ILogStore> NewStoreAsync() => Task.FromResult<ILogStore>(new MemoryStore());
}

/// <summary>The suite of rewriting over memory.</summary>
public sealed class RewriteInMemory : RewriteSuite
{
    protected override Task<ILogStore> NewStoreAsync() => Task.FromResult<ILogStore>(new MemoryStore());
}

/// <summary>The suite of the tables of keys over memory.</summary>
public sealed class TablesInMemory : TableSuite
{
    protected override Task<ILogStore> NewStoreAsync() => Task.FromResult<ILogStore>(new MemoryStore());
}

/// <summary>The journal's suite over memory.</summary>
public sealed class JournalInMemory : JournalSuite
{
    protected override Task<ILogStore> NewStoreAsync() => Task.FromResult<ILogStore>(new MemoryStore());
}

/// <summary>Memory as a store.</summary>
internal sealed class MemoryStore : ILogStore
{
    private readonly LossyGrainStorage _storage = new();

    public IGrainStorage Storage => _storage;

    public Task ReopenAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Assert.Empty(_storage.Violations);
        return ValueTask.CompletedTask;
    }
}
