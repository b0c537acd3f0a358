using Loire.Log.Tests.LogSuite;
using Orleans.Storage;

namespace Loire.Storage.Tests.Contract;

/// <summary>The suite of the log over files.</summary>
public sealed class PartitionLogInFiles : PartitionLogSuite
{
    protected override async Task<ILogStore> NewStoreAsync()
    {
        var directory = new TemporaryDirectory();
        return new Store(directory, await directory.OpenStoreAsync());
    }

    private sealed class Store(TemporaryDirectory directory, FileGrainStorage store) : ILogStore
    {
        private FileGrainStorage _store = store;

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
}
