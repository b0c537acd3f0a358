using Loire.Grains.Interfaces.Partitions;
using Loire.Kafka.Protocol.Wire;
using Loire.Model;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>One Produce request: ends once each of its partitions has. Thread-safe.</summary>
internal sealed class ProduceCall
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile bool _isAnswered;

    // One more than the partitions that have not ended, until all of them are begun.
    private int _pending = 1;

    /// <summary>The topics in the order in which the request names them first.</summary>
    public List<ProducedTopic> Topics { get; } = [];

    /// <summary>Whether all partitions have been accepted, once the call has ended.</summary>
    public bool IsAccepted => Topics.TrueForAll(static topic => topic.Partitions.TrueForAll(static partition => partition.Outcome is { Error: ErrorCode.None }));

    /// <summary>Completes once every partition has its outcome; never fails.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether the client has its answer: what was not sent by then is not sent any more, because the client will send it again.</summary>
    public bool IsAnswered
    {
        get => _isAnswered;
        set => _isAnswered = value;
    }

    /// <summary>Another partition has to end.</summary>
    public void Begin() => Interlocked.Increment(ref _pending);

    /// <summary>A partition has ended; or, called once, all have been begun.</summary>
    public void End()
    {
        if (Interlocked.Decrement(ref _pending) == 0)
        {
            _ended.SetResult();
        }
    }
}

/// <summary>A topic of a Produce request.</summary>
/// <param name="Name">Its name; empty if the request has its id.</param>
/// <param name="Id">Its id; <see cref="Guid.Empty"/> if the request has its name.</param>
/// <param name="Partitions">Each partition once, in the order in which the request names them first.</param>
internal sealed record ProducedTopic(string Name, Guid Id, List<ProducedPartition> Partitions);

/// <summary>The batch of one partition of a Produce request, and what became of it.</summary>
/// <param name="call">The request.</param>
/// <param name="index">The number of the partition as the request has it.</param>
internal sealed class ProducedPartition(ProduceCall call, int index)
{
    /// <summary>The outcome of a batch that is not known in time.</summary>
    public static readonly ProduceOutcome TimedOut = new(
        ErrorCode.RequestTimedOut, "The partition did not answer in time: the batch may or may not be stored.", Offset.None, Timestamp.None, Offset.None);

    private volatile ProduceOutcome? _outcome;

    /// <summary>The number of the partition as the request has it, which may be any number.</summary>
    public int Index => index;

    /// <summary>What the request has for it.</summary>
    public RecordBytes Records { get; set; }

    /// <summary>What is known of the batch.</summary>
    public BatchCheck Check { get; set; }

    /// <summary>What became of it; null if that is not known yet.</summary>
    public ProduceOutcome? Outcome => _outcome;

    /// <summary>Whether its client has been answered, so that it must not be sent any more.</summary>
    public bool IsTooLate => call.IsAnswered;

    /// <summary>It has its outcome.</summary>
    public void End(ProduceOutcome outcome)
    {
        _outcome = outcome;
        call.End();
    }

    /// <summary>Nothing of it was stored.</summary>
    public void Refuse(ErrorCode error, string? text, RecordDemands? demands = null) =>
        End(new ProduceOutcome(error, text, Offset.None, Timestamp.None, Offset.None, demands));
}

/// <summary>What became of a batch.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why it was not acknowledged.</param>
/// <param name="Text">More about the error; null if there is nothing to say.</param>
/// <param name="BaseOffset">The offset of its first record; <see cref="Offset.None"/> with an error.</param>
/// <param name="LogAppendTime">The broker's time of its records, or of those that it repeats; otherwise <see cref="Timestamp.None"/>.</param>
/// <param name="LogStart">The first offset of the log; <see cref="Offset.None"/> with an error.</param>
/// <param name="Demands">What the partition demands of records, if they may be the reason of the error; otherwise null.</param>
internal sealed record ProduceOutcome(
    ErrorCode Error, string? Text, Offset BaseOffset, Timestamp LogAppendTime, Offset LogStart, RecordDemands? Demands = null);
