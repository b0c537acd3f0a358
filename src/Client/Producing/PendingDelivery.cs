using System.Threading.Tasks.Sources;

namespace Loire.Client;

/// <summary>
/// A call that waits for its record's outcome. Reused: reading the result returns it to the pool, so its ValueTask must be awaited only
/// once, like any other.
/// </summary>
internal sealed class PendingDelivery : IValueTaskSource<DeliveryResult>, IValueTaskSource<ProduceOutcome>
{
    private const int MaxSpare = 10_000;

    private static readonly Lock SpareLock = new();
    private static PendingDelivery? _spare;
    private static int _spareCount;

    private ManualResetValueTaskSourceCore<bool> _core;
    private Ticket _ticket;

    /// <summary>The next call in the list that holds this one.</summary>
    public PendingDelivery? Next { get; set; }

    /// <summary>Waits for a record; throws if it failed.</summary>
    public static ValueTask<DeliveryResult> DeliveredAsync(in Ticket ticket)
    {
        var call = Rent(ticket);
        return new(call, call._core.Version);
    }

    /// <summary>Waits for a record; returns a failure as an outcome.</summary>
    public static ValueTask<ProduceOutcome> EndedAsync(in Ticket ticket)
    {
        var call = Rent(ticket);
        return new(call, call._core.Version);
    }

    public void Complete() => _core.SetResult(true);

    DeliveryResult IValueTaskSource<DeliveryResult>.GetResult(short token)
    {
        var outcome = End(token);
        return outcome.Failure is null ? outcome.Result : throw outcome.Failure;
    }

    ProduceOutcome IValueTaskSource<ProduceOutcome>.GetResult(short token) => End(token);

    ValueTaskSourceStatus IValueTaskSource<DeliveryResult>.GetStatus(short token) => _core.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource<ProduceOutcome>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<DeliveryResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<ProduceOutcome>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private static PendingDelivery Rent(in Ticket ticket)
    {
        PendingDelivery? call;
        lock (SpareLock)
        {
            call = _spare;
            if (call is not null)
            {
                _spare = call.Next;
                _spareCount--;
            }
        }

        call ??= new PendingDelivery();
        call.Next = null;
        call._ticket = ticket;

        // Continue asynchronously: the sender must not run application code.
        call._core.RunContinuationsAsynchronously = ticket.Batch.Topic.Buffer.Background.IsThreadPool;
        ticket.Batch.AddWaiting(call);
        return call;
    }

    private ProduceOutcome End(short token)
    {
        _core.GetResult(token);
        var outcome = _ticket.Outcome;
        _ticket = default;
        _core.Reset();
        lock (SpareLock)
        {
            if (_spareCount < MaxSpare)
            {
                Next = _spare;
                _spare = this;
                _spareCount++;
            }
        }

        return outcome;
    }
}
