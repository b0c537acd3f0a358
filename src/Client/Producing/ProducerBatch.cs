using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>
/// Records that go to one partition together and end together. Filled under the lock of its <see cref="PartitionQueue"/>, then owned by the
/// one that sends it.
/// </summary>
internal sealed class ProducerBatch(PartitionQueue queue, RecordBatchBuilder builder, long openedAt)
{
    private readonly WaitingCalls _calls = new();
    private RecordBatchBuilder? _builder = builder;
    private TaskCompletionSource? _ended;
    private volatile bool _isEnded;

    public PartitionQueue Queue => queue;

    /// <summary>The records, until they are encoded.</summary>
    public RecordBatchBuilder Builder => _builder!;

    /// <summary>When the first record was taken over, in units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long OpenedAt => openedAt;

    /// <summary>Records in it.</summary>
    public int RecordsCount { get; set; }

    /// <summary>Records of it that no caller waits for.</summary>
    public int EnqueuedCount { get; set; }

    /// <summary>What its records take of the buffer.</summary>
    public long ReservedBytes { get; set; }

    /// <summary>Bytes of it in the append that carries it.</summary>
    public int EncodedBytes { get; set; }

    /// <summary>Whether the outcome is known.</summary>
    public bool IsEnded => _isEnded;

    /// <summary>Ends, always well, when the outcome is known. Made only for who asks; calls that wait for their record use
    /// <see cref="AddWaiting"/>.</summary>
    public Task Ended
    {
        get
        {
            if (_isEnded)
            {
                return Task.CompletedTask;
            }

            var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var ended = Interlocked.CompareExchange(ref _ended, made, null) ?? made;

            // Whichever of this and End comes second sees the other.
            if (_isEnded)
            {
                ended.TrySetResult();
            }

            return ended.Task;
        }
    }

    /// <summary>Why it was not delivered; null if it was. Valid after <see cref="IsEnded"/>.</summary>
    public DeliveryFailure? Failure { get; private set; }

    /// <summary>The offset of its first record, or <see cref="Offset.None"/> if nobody knows. Valid after <see cref="IsEnded"/>.</summary>
    public Offset BaseOffset { get; private set; } = Offset.None;

    /// <summary>The broker's time, if it stamps. Valid after <see cref="IsEnded"/>.</summary>
    public Timestamp LogAppendTime { get; private set; } = Timestamp.None;

    /// <summary>Gives the builder up once the records are encoded.</summary>
    public RecordBatchBuilder TakeBuilder()
    {
        var builder = _builder!;
        _builder = null;
        return builder;
    }

    /// <summary>Completes a call when the outcome is known.</summary>
    public void AddWaiting(PendingDelivery call) => _calls.Add(call);

    public void Succeed(Offset baseOffset, Timestamp logAppendTime)
    {
        (BaseOffset, LogAppendTime) = (baseOffset, logAppendTime);
        End();
    }

    public void Fail(DeliveryFailure failure)
    {
        Failure = failure;
        End();
    }

    // First what others may ask about once the records have ended: room, counts of failures.
    private void End()
    {
        queue.Settle(this);
        _isEnded = true;
        Interlocked.MemoryBarrier();
        _ended?.TrySetResult();
        _calls.Complete();
    }
}
