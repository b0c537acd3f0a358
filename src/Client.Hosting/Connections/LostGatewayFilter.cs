using System.Collections.Concurrent;

namespace Loire.Client.Hosting;

/// <summary>
/// Ends the calls that were under way when the connection to a gateway closed, after a short time in which the others are answered. Orleans does not:
/// a call that was sent to that gateway waits for its whole timeout, two minutes for one that waits for data. Orleans does not tell which calls these
/// are either, so all that are still not answered end, as if their silo had been lost: the outcome is unknown, and a read is repeated.
/// </summary>
internal sealed class LostGatewayFilter(TimeProvider time) : IOutgoingGrainCallFilter, IClusterConnectionStatusObserver
{
    /// <summary>Enough for most answers by other gateways; calls that wait for data lose nothing.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(1.5);

    private readonly ConcurrentDictionary<Call, bool> _calls = new();

    public Task Invoke(IOutgoingGrainCallContext context)
    {
        var answer = context.Invoke();
        return answer.IsCompleted ? answer : BoundAsync(answer);
    }

    public void NotifyClusterConnectionLost()
    {
    }

    public void NotifyGatewayCountChanged(int currentNumberOfGateways, int previousNumberOfGateways, bool connectionRecovered)
    {
        if (currentNumberOfGateways < previousNumberOfGateways)
        {
            _ = EndAsync([.. _calls.Keys]);
        }
    }

    private async Task BoundAsync(Task answer)
    {
        var call = new Call();
        _calls[call] = true;
        try
        {
            if (await Task.WhenAny(answer, call.Task) == answer)
            {
                await answer;
                return;
            }
        }
        finally
        {
            _calls.TryRemove(call, out _);
        }

        // It may still fail: then its exception has been observed.
        _ = answer.ContinueWith(
            static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        throw new SiloUnavailableException("The connection to a gateway was lost, and no answer has arrived since.");
    }

    private async Task EndAsync(Call[] underWay)
    {
        await Task.Delay(Grace, time);
        foreach (var call in underWay)
        {
            call.TrySetResult();
        }
    }

    private sealed class Call() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
}
