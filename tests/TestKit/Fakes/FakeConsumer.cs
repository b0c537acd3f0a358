using System.Globalization;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.TestKit.Fakes;

/// <summary>A consumer in memory that is given what a test queues; it keeps what it was asked, and does not know its group.</summary>
public sealed class FakeConsumer(string key) : IConsumerGrain
{
    private readonly Lock _lock = new();
    private readonly List<ConsumedRecord> _records = [];
    private int _taken;

    /// <summary>Its key.</summary>
    public string Key => key;

    /// <summary>What it was made with; null while it does not exist.</summary>
    public ConsumerSettings? Settings { get; private set; }

    /// <summary>The topics that it subscribes to.</summary>
    public TopicName[] Topics { get; private set; } = [];

    /// <summary>The pattern that it subscribes to.</summary>
    public string? Pattern { get; private set; }

    /// <summary>The partitions that it has, by the group or by hand.</summary>
    public TopicPartition[] Assignment { get; set; } = [];

    /// <summary>Whether the assignment was made by hand.</summary>
    public bool IsAssignedByHand { get; private set; }

    /// <summary>What every call answers instead, if it is set.</summary>
    public ErrorCode? Error { get; set; }

    /// <summary>What a subscription answers instead, if it is set.</summary>
    public ErrorCode? SubscribeError { get; set; }

    /// <summary>What every call throws, if it is set.</summary>
    public Exception? Exception { get; set; }

    /// <summary>Answers a take instead, if it is set and returns something.</summary>
    public Func<TakeRequest, CancellationToken, ValueTask<TakeResult?>>? OnTake { get; set; }

    /// <summary>Answers a commit instead, if it is set and returns something.</summary>
    public Func<CommittedOffset[]?, CommitResult?>? OnCommit { get; set; }

    /// <summary>The takes, in their order.</summary>
    public List<TakeRequest> Takes { get; } = [];

    /// <summary>The commits, in their order; null for one of everything.</summary>
    public List<CommittedOffset[]?> Commits { get; } = [];

    /// <summary>The seeks, in their order.</summary>
    public List<PartitionSeek> Seeks { get; } = [];

    /// <summary>Gives records to be taken.</summary>
    public void Queue(params ConsumedRecord[] records)
    {
        lock (_lock)
        {
            _records.AddRange(records);
        }
    }

    public ValueTask<ConsumerResult> Create(ConsumerSettings settings)
    {
        if (Exception is not null)
        {
            throw Exception;
        }

        if (Error is not null || Settings is not null)
        {
            return ValueTask.FromResult(new ConsumerResult(Error ?? ErrorCode.DuplicateResource, null, null));
        }

        Settings = settings;
        return Describe();
    }

    public ValueTask<ConsumerResult> Describe() => ValueTask.FromResult(
        Failure() is var failure && failure != ErrorCode.None
            ? new ConsumerResult(failure, null, null)
            : new ConsumerResult(ErrorCode.None, null, new ConsumerDescription(Settings!, Topics, Pattern, Assignment)));

    public ValueTask<ConsumerResult> Subscribe(TopicName[] topics, string? pattern)
    {
        if (Failure() == ErrorCode.None)
        {
            if (SubscribeError is { } error)
            {
                return Refuse(error);
            }

            if (IsAssignedByHand || (topics.Length == 0) == (pattern is null))
            {
                return Refuse(ErrorCode.InvalidRequest);
            }

            (Topics, Pattern) = (topics, pattern);
        }

        return Describe();
    }

    public ValueTask<ConsumerResult> Unsubscribe(bool hasFinished = false)
    {
        if (Failure() == ErrorCode.None)
        {
            (Topics, Pattern, Assignment, IsAssignedByHand) = ([], null, [], false);
        }

        return Describe();
    }

    public ValueTask<ConsumerResult> Assign(TopicPartition[] partitions, bool hasFinished = false)
    {
        if (Failure() == ErrorCode.None)
        {
            if (Topics.Length > 0 || Pattern is not null)
            {
                return Refuse(ErrorCode.InvalidRequest);
            }

            (Assignment, IsAssignedByHand) = (partitions, true);
        }

        return Describe();
    }

    public async ValueTask<TakeResult> Take(TakeRequest request, CancellationToken cancellation)
    {
        if (Failure() is var failure && failure != ErrorCode.None)
        {
            return new TakeResult(failure, null, [], "r0");
        }

        lock (_lock)
        {
            Takes.Add(request);
        }

        if (OnTake is { } answer && await answer(request, cancellation) is { } answered)
        {
            return answered;
        }

        if (Topics.Length == 0 && Pattern is null && !IsAssignedByHand)
        {
            return new TakeResult(ErrorCode.InvalidRequest, "It has neither subscribed nor been assigned partitions.", [], "r0");
        }

        lock (_lock)
        {
            if (request is { PreviousDelivery: PreviousDelivery.FinishedUpToReceipt, Receipt: { } receipt }
                && int.TryParse(receipt.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < _taken)
            {
                _taken = index;
            }

            ConsumedRecord[] records = [.. _records.Skip(_taken).Take(request.MaxRecords)];
            _taken += records.Length;
            return new TakeResult(ErrorCode.None, null, ConsumedRecords.ToSlices(records), string.Create(CultureInfo.InvariantCulture, $"r{_taken}"));
        }
    }

    public ValueTask<CommitResult> Commit(CommittedOffset[]? offsets)
    {
        var failure = Failure();
        if (failure != ErrorCode.None)
        {
            return ValueTask.FromResult(new CommitResult(failure, [], null));
        }

        Commits.Add(offsets);
        return ValueTask.FromResult(OnCommit?.Invoke(offsets) ?? new CommitResult(ErrorCode.None, [], null));
    }

    public ValueTask<ConsumerResult> Seek(PartitionSeek[] seeks)
    {
        if (Failure() == ErrorCode.None)
        {
            if (!seeks.All(seek => Assignment.Contains(seek.Partition)))
            {
                return Refuse(ErrorCode.InvalidRequest);
            }

            Seeks.AddRange(seeks);
            lock (_lock)
            {
                foreach (var seek in seeks.Where(seek => seek.To.Kind == OffsetSpecKind.Offset))
                {
                    var back = _records.FindIndex(record => record.Partition == seek.Partition && record.Offset.Value == seek.To.Number);
                    _taken = back >= 0 ? back : _taken;
                }
            }
        }

        return Describe();
    }

    public ValueTask<ErrorCode> Close(bool hasFinished = false)
    {
        var failure = Failure();
        Settings = failure == ErrorCode.None ? null : Settings;
        return ValueTask.FromResult(failure);
    }

    private ErrorCode Failure() =>
        Exception is not null ? throw Exception : Error ?? (Settings is null ? ErrorCode.UnknownMemberId : ErrorCode.None);

    private static ValueTask<ConsumerResult> Refuse(ErrorCode error) => ValueTask.FromResult(new ConsumerResult(error, null, null));
}
