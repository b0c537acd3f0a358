using Orleans.Storage;

namespace Loire.Storage.Tests.Contract;

/// <summary>The contract over files.</summary>
public sealed class GrainStorageInFiles : GrainStorageContract
{
    private readonly TemporaryDirectory _directory = new();
    private FileGrainStorage? _store;

    public override async Task DisposeAsync()
    {
        await _store!.DisposeAsync();
        _directory.Dispose();
    }

    protected override async Task<IGrainStorage> OpenAsync() => _store = await _directory.OpenStoreAsync();
}
