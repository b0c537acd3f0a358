using Orleans.Runtime.Placement;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Clusters;

/// <summary>
/// Counts the calls of one method that wait in their grains, over all silos that have this filter. Calls overtake each other, so that one
/// which is answered does not show that an earlier one has arrived.
/// </summary>
internal sealed class WaitingCalls(string method) : IIncomingGrainCallFilter
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private int _awaited = int.MaxValue;

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var call = context.Invoke();
        if (context.MethodName != method || call.IsCompleted)
        {
            await call;
            return;
        }

        Count(1);
        try
        {
            await call;
        }
        finally
        {
            Count(-1);
        }
    }

    /// <summary>Ends when so many calls wait.</summary>
    public Task Reached(int count)
    {
        lock (_lock)
        {
            _awaited = count;
        }

        Count(0);
        return _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Makes a call whose grain, if it is not active, is placed on a silo of the test's choice.</summary>
    public static async Task<T> CallAtAsync<T>(SiloHandle silo, Func<ValueTask<T>> call)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo.SiloAddress);
        return await call();
    }

    private void Count(int change)
    {
        lock (_lock)
        {
            _waiting += change;
            if (_waiting >= _awaited)
            {
                _reached.TrySetResult();
            }
        }
    }
}
