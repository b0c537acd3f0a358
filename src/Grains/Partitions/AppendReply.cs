using System.Threading.Tasks.Sources;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>
/// The reply to one append, parked until the outcome is known: the only allocation of a parked append. Awaited once, on the driver's
/// scheduler, which runs the continuation in its own turn.
/// </summary>
internal sealed class AppendReply : IValueTaskSource<AppendResult>
{
    private ManualResetValueTaskSourceCore<AppendResult> _core;

    /// <summary>The broker's time of all records with LogAppendTime, otherwise <see cref="Timestamp.None"/>.</summary>
    public Timestamp LogAppendTime { get; set; } = Timestamp.None;

    /// <summary>Where the first batches lie, which were in the log before; <see cref="Offset.None"/> if all of them are new.</summary>
    public Offset RepeatedBase { get; set; } = Offset.None;

    /// <summary>How many records those batches have.</summary>
    public int Repeated { get; set; }

    /// <summary>Completes with the reply.</summary>
    public ValueTask<AppendResult> Result => new(this, _core.Version);

    /// <summary>Releases the reply; called once.</summary>
    public void Release(AppendResult result) => _core.SetResult(result);

    AppendResult IValueTaskSource<AppendResult>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<AppendResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<AppendResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
