using System.Threading.Tasks.Sources;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>
/// The reply to one append, parked until its fate is known: the only allocation that a waiting append makes. Awaited once, on the driver's
/// scheduler, which runs the continuation in a turn of its own.
/// </summary>
internal sealed class AppendReply : IValueTaskSource<AppendResult>
{
    private ManualResetValueTaskSourceCore<AppendResult> _core;

    /// <summary>The broker's time for all records with LogAppendTime, else <see cref="Timestamp.None"/>.</summary>
    public Timestamp LogAppendTime { get; set; } = Timestamp.None;

    /// <summary>Ends with the reply.</summary>
    public ValueTask<AppendResult> Result => new(this, _core.Version);

    /// <summary>Releases the reply; once.</summary>
    public void Release(AppendResult result) => _core.SetResult(result);

    AppendResult IValueTaskSource<AppendResult>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<AppendResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<AppendResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
