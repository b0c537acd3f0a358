using Orleans.Storage;

namespace Loire.Client.Tests.Chaos;

/// <summary>
/// What happens to one silo: it pauses, with calls of its grains and of storage held back on their way there and back; it is cut off from
/// storage, where what it has asked may happen nevertheless; or it dies, which is being cut off for good. Timers of a paused silo go on.
/// </summary>
internal sealed class SiloFaults(IGrainStorage storage) : IGrainStorage, IIncomingGrainCallFilter
{
    private volatile TaskCompletionSource? _pause;
    private volatile bool _isCutOff;
    private volatile bool _isDead;

    public void Pause() => _pause ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void CutOff() => _isCutOff = true;

    public void Heal()
    {
        _isCutOff = _isDead;
        Interlocked.Exchange(ref _pause, null)?.SetResult();
    }

    public void Die()
    {
        _isDead = true;
        Heal();
    }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var isOurs = context.TargetId.Type.ToString()!.StartsWith("loire.", StringComparison.Ordinal);
        await (isOurs ? GoOnAsync() : Task.CompletedTask);
        await context.Invoke();
        await (isOurs ? GoOnAsync() : Task.CompletedTask);
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        CallAsync(() => storage.ReadStateAsync(stateName, grainId, grainState));

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        CallAsync(() => storage.WriteStateAsync(stateName, grainId, grainState));

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        CallAsync(() => storage.ClearStateAsync(stateName, grainId, grainState));

    private async Task CallAsync(Func<Task> call)
    {
        await GoOnAsync();
        ThrowIfCutOff();
        try
        {
            await call();
        }
        finally
        {
            await GoOnAsync();
            ThrowIfCutOff();
        }
    }

    private Task GoOnAsync() => _pause?.Task ?? Task.CompletedTask;

    private void ThrowIfCutOff()
    {
        if (_isCutOff)
        {
            throw new IOException("The silo is cut off from storage.");
        }
    }
}
