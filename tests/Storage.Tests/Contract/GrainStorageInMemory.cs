using Loire.TestKit;
using Orleans.Storage;

namespace Loire.Storage.Tests.Contract;

/// <summary>The contract over the test kit's storage, which stands in for the others in other suites.</summary>
public sealed class GrainStorageInMemory : GrainStorageContract
{
    protected override Task<IGrainStorage> OpenAsync() => Task.FromResult<IGrainStorage>(new LossyGrainStorage());
}
