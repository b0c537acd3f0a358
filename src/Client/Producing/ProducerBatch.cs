using Loire.Edge.Producing;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>A batch of a producer, with the calls that wait for it.</summary>
internal sealed class ProducerBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder) : PendingBatch(accumulator, builder)
{
    private readonly WaitingCalls _calls = new();
    private TaskCompletionSource? _ended;

    public ProducerTopic Topic => (ProducerTopic)Accumulator.Owner;

    /// <summary>
    /// Completes, always successfully, when the outcome is known. Created on demand; calls that wait for their record use
    /// <see cref="AddWaiting"/>.
    /// </summary>
    public Task Ended
    {
        get
        {
            if (IsEnded)
            {
                return Task.CompletedTask;
            }

            var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var ended = Interlocked.CompareExchange(ref _ended, made, null) ?? made;

            // Whichever of this and OnEnded runs second observes the other.
            if (IsEnded)
            {
                ended.TrySetResult();
            }

            return ended.Task;
        }
    }

    /// <summary>Completes a call when the outcome is known.</summary>
    public void AddWaiting(PendingDelivery call) => _calls.Add(call);

    protected override void OnEnding() => Topic.Buffer.Settle(this);

    protected override void OnEnded()
    {
        _ended?.TrySetResult();
        _calls.Complete();
    }
}
