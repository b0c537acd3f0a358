using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>
/// One partition on its way through a hosted consumer: how far it has come, and whether it is paused because too many of its records are
/// unfinished.
/// </summary>
/// <param name="partition">The partition.</param>
/// <param name="stage">0 for the topic itself, else the number of the retry topic, from 1 on.</param>
/// <param name="maxUnfinished">Beyond it the partition pauses; at half of it, it goes on.</param>
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

    /// <summary>The lane of this partition, where it has one of its own.</summary>
    public WorkLane? Lane { get; set; }

    /// <summary>Whether a record could not be handled, so that nothing after it is.</summary>
    public bool StandsStill { get; set; }

    /// <summary>Cancelled when the partition is this consumer's no more: what waits for a handler is let go.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Begins to handle a record; false if none may be handled any more.</summary>
    public bool TryBegin()
    {
        lock (_lock)
        {
            if (StandsStill || _gone.IsCancellationRequested)
            {
                return false;
            }

            _handled++;
            return true;
        }
    }

    /// <summary>Ends what <see cref="TryBegin"/> has begun.</summary>
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

    /// <summary>Lets go what waits for a handler.</summary>
    /// <returns>Ends when no record is being handled.</returns>
    public Task LetGo()
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

    /// <summary>A record was read and goes to a lane.</summary>
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

    /// <summary>A record is done with.</summary>
    public void Finish(Offset offset, Action<TopicPartition> resume)
    {
        Tracker.Finish(offset);
        lock (_lock)
        {
            if (_isPaused && !StandsStill && Tracker.Unfinished <= maxUnfinished / 2)
            {
                _isPaused = false;
                resume(partition);
            }
        }
    }
}
