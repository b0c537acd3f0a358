using Loire.Log.Tests.LogSuite;
using Loire.TestKit;
using Orleans.Storage;

namespace Loire.Log.Tests;

/// <summary>The suite over memory.</summary>
public sealed class PartitionLogInMemory : PartitionLogSuite
{
    protected override Task<ILogStore> NewStoreAsync() => Task.FromResult<ILogStore>(new Store());

    private sealed class Store : ILogStore
    {
        public IGrainStorage Storage { get; } = new LossyGrainStorage();

        public Task ReopenAsync() => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
