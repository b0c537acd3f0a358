using Orleans.Storage;

namespace Loire.Grains.Tests.Benches;

/// <summary>
/// The storage as one silo sees it: when the silo dies it hears of nothing any more and asks nothing, but what it has asked already may
/// still happen.
/// </summary>
internal sealed class MortalStorage(IGrainStorage storage) : IGrainStorage
{
    private readonly TaskCompletionSource _never = new();

    public bool IsDead { get; set; }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Live(() => storage.ReadStateAsync(stateName, grainId, grainState));

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Live(() => storage.WriteStateAsync(stateName, grainId, grainState));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        Live(() => storage.ClearStateAsync(stateName, grainId, grainState));

    private async Task Live(Func<Task> call)
    {
        try
        {
            await (IsDead ? _never.Task : call());
        }
        finally
        {
            await (IsDead ? _never.Task : Task.CompletedTask);
        }
    }
}
