using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Batches;
using Microsoft.Extensions.Logging;

namespace Loire.ConsumerProxy;

/// <summary>
/// A consumer of <c>Loire.Client</c> on behalf of a remote client: it tracks what was delivered and what of it is finished, and commits
/// accordingly, since only the client's requests say what has arrived. Its methods run one turn at a time, interleaved; rebalances are
/// reported on other threads.
/// </summary>
internal sealed partial class ProxiedConsumer
{
    private readonly ConsumerSettings _settings;
    private readonly UntypedConsumer _consumer;
    private readonly RecordFeed _feed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _lock = new();
    private readonly DeliveryTracker _deliveries;
    private TaskCompletionSource<Interruption> _interrupted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _progress;
    private TopicPartition _heldPartition;
    private RecordSlice[] _held = [];
    private int _heldFrom;
    private TopicName[] _topics = [];
    private string? _pattern;
    private bool _isAssignedByHand;
    private bool _isStreaming;
    private bool _isEnding;
    private bool _hasEnded;
    private int _takes;
    private long _lastAsked;
    private long _lastCommit;

    public ProxiedConsumer(
        ConsumerSettings settings, UntypedConsumer consumer, string life, TimeProvider time, ILogger logger)
    {
        (_settings, _consumer, _time, _logger) = (settings, consumer, time, logger);
        _feed = new RecordFeed(consumer);
        _deliveries = new DeliveryTracker(life);
        _lastAsked = _lastCommit = time.GetTimestamp();
    }

    private enum Interruption
    {
        /// <summary>A newer request for records has arrived.</summary>
        Newer,

        /// <summary>The consumer's subscription, assignment or position changes.</summary>
        Change,
    }

    /// <summary>Whether the client has not asked for records for too long.</summary>
    public bool IsAbandoned => _takes == 0 && _time.GetElapsedTime(_lastAsked) >= _settings.MaxPollInterval;

    public ConsumerResult Describe() => new(ErrorCode.None, null, new ConsumerDescription(
        _settings, _topics, _pattern,
        [.. _consumer.Assignment]));

    public async Task<ConsumerResult> SubscribeAsync(TopicName[] topics, string? pattern)
    {
        if (_isAssignedByHand)
        {
            return Refuse(ErrorCode.InvalidRequest, "Partitions were assigned by hand; unsubscribe first.");
        }

        await (pattern is null
            ? _consumer.SubscribeAsync(topics, this, CancellationToken.None)
            : _consumer.SubscribeAsync(pattern, this, CancellationToken.None));
        (_topics, _pattern) = (topics, pattern);
        return Describe();
    }

    public Task<ConsumerResult> UnsubscribeAsync() => ChangeAsync(async () =>
    {
        await EndReadingAsync();
        if (_isAssignedByHand)
        {
            await _consumer.AssignAsync(Array.Empty<TopicPartition>());
        }
        else
        {
            await _consumer.UnsubscribeAsync();
        }

        (_topics, _pattern, _isAssignedByHand, _isEnding) = ([], null, false, false);
        return Describe();
    });

    public Task<ConsumerResult> AssignAsync(IReadOnlyList<TopicPartition> partitions) => ChangeAsync(async () =>
    {
        if (_topics.Length > 0 || _pattern is not null)
        {
            return Refuse(ErrorCode.InvalidRequest, "The consumer has subscribed, so its group assigns; unsubscribe first.");
        }

        Hold(await _feed.EndAsync());
        var before = _consumer.Assignment.ToHashSet();
        var added = partitions.Where(partition => !before.Contains(partition)).ToArray();
        var committed = added.Length == 0 ? [] : await _consumer.CommittedAsync(added);
        await _consumer.AssignAsync(partitions);
        _isAssignedByHand = partitions.Count > 0;
        foreach (var position in committed)
        {
            await _consumer.SeekAsync(position.TopicPartition, OffsetSpec.At(position.Offset));
        }

        lock (_lock)
        {
            var gone = before.Except(partitions).ToHashSet();
            Drop(gone);
            _deliveries.End(gone);
            foreach (var partition in added)
            {
                _deliveries.Begin(partition, _consumer.Position(partition));
            }
        }

        return Describe();
    });

    public Task<ConsumerResult> SeekAsync(IReadOnlyList<(TopicPartition Partition, OffsetSpec To)> seeks) => ChangeAsync(async () =>
    {
        var assigned = _consumer.Assignment.ToHashSet();
        foreach (var (partition, _) in seeks)
        {
            if (!assigned.Contains(partition))
            {
                return Refuse(ErrorCode.InvalidRequest, $"The consumer does not have the partition {partition}.");
            }
        }

        Hold(await _feed.EndAsync());
        foreach (var (partition, to) in seeks)
        {
            await _consumer.SeekAsync(partition, to);
            lock (_lock)
            {
                Drop([partition]);
                _deliveries.Move(partition, _consumer.Position(partition));
            }
        }

        return Describe();
    });

    /// <summary>Ends the consumer. Returns after <paramref name="patience"/> even if closing continues in the background.</summary>
    public async Task CloseAsync(GroupMembershipOperation operation, TimeSpan patience)
    {
        try
        {
            await CloseAsync(operation).WaitAsync(patience, _time);
        }
        catch (TimeoutException late)
        {
            CloseTakesLong(late, _settings.ClientId);
        }
    }

    private async Task CloseAsync(GroupMembershipOperation operation)
    {
        Interrupt(Interruption.Newer);
        await _turn.WaitAsync();
        try
        {
            await EndReadingAsync();
        }
        finally
        {
            _hasEnded = true;
            _turn.Release();
            await _consumer.CloseAsync(operation);
        }
    }

    // From now on no rebalance waits for the client to finish records.
    private async Task EndReadingAsync()
    {
        await _feed.EndAsync();
        lock (_lock)
        {
            (_held, _heldFrom, _isEnding) = ([], 0, true);
            Progressed();
        }

        if (_isAssignedByHand)
        {
            await CommitFinishedAsync(null);
            lock (_lock)
            {
                _deliveries.End([.. _consumer.Assignment]);
            }
        }
    }

    /// <summary>Makes a change while no request waits for records.</summary>
    private async Task<ConsumerResult> ChangeAsync(Func<Task<ConsumerResult>> change)
    {
        Interrupt(Interruption.Change);
        await _turn.WaitAsync();
        try
        {
            return _hasEnded ? Refuse(ErrorCode.UnknownMemberId, null) : await change();
        }
        catch (LoireException failure)
        {
            return Refuse(failure.Code, failure.Detail);
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Interrupt(Interruption reason) =>
        Interlocked.Exchange(ref _interrupted, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult(reason);

    private static ConsumerResult Refuse(ErrorCode error, string? detail) => new(error, detail, null);

    [LoggerMessage(2, LogLevel.Warning, "The consumer of {Client} takes long to end.")]
    private partial void CloseTakesLong(Exception problem, string client);
}
