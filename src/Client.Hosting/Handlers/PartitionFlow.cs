using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>
/// The progress of one partition in a session, and whether it is paused because too many of its records are unfinished.
/// </summary>
/// <param name="partition">The partition.</param>
/// <param name="stage">0 for the topic itself, otherwise the number of the retry topic, from 1.</param>
/// <param name="maxUnfinished">Unfinished records at which the partition pauses; it resumes at half of them.</param>
internal sealed class PartitionFlow(TopicPartition partition, int stage, int maxUnfinished)
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _gone = new();
    private TaskCompletionSource? _idle;
    private int _handled;
    private bool _isPaused;

    public TopicPartition Partition => partition;

    public int Stage => stage;

    public OffsetTracker Tracker { get; } = new();

    /// <summary>The lane of this partition; null if records are spread over lanes by key.</summary>
    public WorkLane? Lane { get; set; }

    /// <summary>Whether a record could not be handled; the records after it are not handled either.</summary>
    public bool IsStalled { get; set; }

    /// <summary>Cancelled when this consumer no longer owns the partition; queued records are dropped.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Starts handling a record; false if the partition is stalled or released.</summary>
    public bool TryBegin()
    {
        lock (_lock)
        {
            if (IsStalled || _gone.IsCancellationRequested)
            {
                return false;
            }

            _handled++;
            return true;
        }
    }

    /// <summary>Completes the handling started by <see cref="TryBegin"/>.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (--_handled == 0)
            {
                _idle?.TrySetResult();
            }
        }
    }

    /// <summary>Releases the partition and drops its queued records.</summary>
    /// <returns>Completes when no record is being handled.</returns>
    public Task Release()
    {
        _gone.Cancel();
        Lane?.Close();
        lock (_lock)
        {
            if (_handled == 0)
            {
                return Task.CompletedTask;
            }

            _idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    /// <summary>Counts a record that was read; pauses the partition at the bound.</summary>
    public void Read(Offset offset, Action<TopicPartition> pause)
    {
        Tracker.Read(offset);
        lock (_lock)
        {
            if (!_isPaused && Tracker.Unfinished >= maxUnfinished)
            {
                _isPaused = true;
                pause(partition);
            }
        }
    }

    /// <summary>Counts a finished record; resumes a paused partition at half the bound.</summary>
    public void Finish(Offset offset, Action<TopicPartition> resume)
    {
        Tracker.Finish(offset);
        lock (_lock)
        {
            if (_isPaused && !IsStalled && Tracker.Unfinished <= maxUnfinished / 2)
            {
                _isPaused = false;
                resume(partition);
            }
        }
    }
}
