using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.ConsumerProxy;

/// <summary>
/// A consumer of <c>Loire.Client</c> on behalf of a remote client, whose requests alone say what has arrived and is finished. Subscribes, seeks
/// and delivers records; the <see cref="DeliveryLedger"/> tracks them for it, for commits and for rebalances. Its methods run one turn at a
/// time, interleaved.
/// </summary>
internal sealed partial class ProxiedConsumer
{
    private static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(5);

    private readonly ConsumerSettings _settings;
    private readonly UntypedConsumer _consumer;
    private readonly RecordFeed _feed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly DeliveryLedger _ledger;
    private readonly RebalanceHandler _rebalances;
    private TaskCompletionSource<Interruption> _interrupted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TopicName[] _topics = [];
    private string? _pattern;
    private bool _isAssignedByHand;
    private volatile ErrorCode _ended;
    private Lazy<Task>? _closing;
    private int _takes;
    private long _lastAsked;

    public ProxiedConsumer(
        ConsumerSettings settings, UntypedConsumer consumer, string life, TimeProvider time, ILogger logger)
    {
        (_settings, _consumer, _time, _logger) = (settings, consumer, time, logger);
        _feed = new RecordFeed(consumer);
        _ledger = new DeliveryLedger(life, () => consumer.LostInHand, time);
        Commits = new FinishedCommits(settings, consumer, _ledger, time, logger);
        _rebalances = new RebalanceHandler(settings, consumer, _ledger, Commits);
        _lastAsked = time.GetTimestamp();
    }

    private enum Interruption
    {
        /// <summary>A newer request for records has arrived.</summary>
        Newer,

        /// <summary>The consumer's subscription, assignment or position changes.</summary>
        Change,

        /// <summary>The consumer ends.</summary>
        End,
    }

    /// <summary>Whether the client has not asked for records for too long.</summary>
    public bool IsAbandoned => _takes == 0 && _time.GetElapsedTime(_lastAsked) >= _settings.MaxPollInterval;

    /// <summary>Whether another activation of the consumer has joined the group since, so that this one has nothing to deliver any more.</summary>
    public bool IsFenced => _consumer.Refusal is { Code: ErrorCode.FencedMemberEpoch };

    /// <summary>How requests are refused since the consumer has ended; <see cref="ErrorCode.None"/> while it runs.</summary>
    public ErrorCode Ended => _ended;

    /// <summary>Commits what the client has finished.</summary>
    public FinishedCommits Commits { get; }

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
            ? _consumer.SubscribeAsync(topics, _rebalances, CancellationToken.None)
            : _consumer.SubscribeAsync(pattern, _rebalances, CancellationToken.None));
        (_topics, _pattern) = (topics, pattern);
        return Describe();
    }

    public Task<ConsumerResult> UnsubscribeAsync(bool hasFinished) => ChangeAsync(async () =>
    {
        await EndReadingAsync(hasFinished);
        if (_isAssignedByHand)
        {
            await _consumer.AssignAsync(Array.Empty<TopicPartition>());
        }
        else
        {
            await _consumer.UnsubscribeAsync();
        }

        _ledger.Resume();
        (_topics, _pattern, _isAssignedByHand) = ([], null, false);
        return Describe();
    });

    public Task<ConsumerResult> AssignAsync(IReadOnlyList<TopicPartition> partitions, bool hasFinished) => ChangeAsync(async () =>
    {
        if (_topics.Length > 0 || _pattern is not null)
        {
            return Refuse(ErrorCode.InvalidRequest, "The consumer has subscribed, so its group assigns; unsubscribe first.");
        }

        _ledger.Hold(await _feed.EndAsync());
        if (hasFinished)
        {
            _ledger.FinishAll();
        }

        var before = _consumer.Assignment.ToHashSet();
        TopicPartition[] removed = [.. before.Except(partitions)];
        await Commits.CommitFinishedAsync(removed);
        var added = partitions.Where(partition => !before.Contains(partition)).ToArray();
        var committed = added.Length == 0 ? [] : await _consumer.CommittedAsync(added);
        await _consumer.AssignAsync(partitions);
        _isAssignedByHand = partitions.Count > 0;
        foreach (var position in committed)
        {
            await _consumer.SeekAsync(position.TopicPartition, OffsetSpec.At(position.Offset));
        }

        _ledger.End(removed);
        _ledger.Begin(Array.ConvertAll(added, partition => new TopicPartitionOffset(partition, _consumer.Position(partition))));
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

        _ledger.Hold(await _feed.EndAsync());
        foreach (var (partition, to) in seeks)
        {
            await _consumer.SeekAsync(partition, to);
            _ledger.Move(partition, _consumer.Position(partition));
        }

        return Describe();
    });

    /// <summary>Delivers the next records; see <see cref="IConsumerGrain.Take"/>.</summary>
    public async Task<TakeResult> TakeAsync(TakeRequest request, CancellationToken cancellation)
    {
        Interrupt(Interruption.Newer);
        var interrupted = _interrupted.Task;
        await _turn.WaitAsync(cancellation);
        _takes++;
        try
        {
            if (_ended != ErrorCode.None)
            {
                return Failed(_ended, null);
            }

            if (interrupted.IsCompleted && await interrupted == Interruption.Newer)
            {
                return Failed(ErrorCode.RequestTimedOut, "A newer request for records replaced this one.");
            }

            if (_topics.Length == 0 && _pattern is null && !_isAssignedByHand)
            {
                return Failed(ErrorCode.InvalidRequest, "The consumer has neither subscribed nor been assigned partitions.");
            }

            await SettleAsync(request);
            return await GatherAsync(request, interrupted, cancellation);
        }
        catch (LoireException failure)
        {
            return IsFenced ? Failed(ErrorCode.NotCoordinator, null) : Failed(failure.Code, failure.Detail);
        }
        finally
        {
            _takes--;
            _lastAsked = _time.GetTimestamp();
            _turn.Release();
        }
    }

    /// <summary>Ends the consumer for its client, too.</summary>
    /// <param name="operation">Whether the member leaves the group.</param>
    /// <param name="hasFinished">Whether the client has finished everything that was delivered.</param>
    public Task CloseAsync(GroupMembershipOperation operation, bool hasFinished) =>
        EndAsync(ErrorCode.UnknownMemberId, operation, hasFinished);

    /// <summary>
    /// Ends this life of the consumer: commits what is finished, and leaves the member in its group for the next life, which the next request
    /// of the client begins.
    /// </summary>
    public Task LetGoAsync() => EndAsync(
        ErrorCode.NotCoordinator, GroupMembershipOperation.RemainInGroup, hasFinished: false);

    // Returns after a while even if closing continues in the background: a silo that stops must not wait for a group that stops as well.
    private async Task EndAsync(ErrorCode ended, GroupMembershipOperation operation, bool hasFinished)
    {
        var first = new Lazy<Task>(() => CloseAsync(ended, operation, hasFinished));
        var closing = Interlocked.CompareExchange(ref _closing, first, null) ?? first;
        try
        {
            await closing.Value.WaitAsync(CloseWait, _time);
        }
        catch (TimeoutException late)
        {
            CloseTakesLong(late, _settings.ClientId);
        }
    }

    private async Task CloseAsync(ErrorCode ended, GroupMembershipOperation operation, bool hasFinished)
    {
        // From now on requests are refused; one that waits for records is answered.
        _ended = ended;
        Interrupt(Interruption.End);
        await _turn.WaitAsync();
        try
        {
            await EndReadingAsync(hasFinished);
        }
        finally
        {
            _turn.Release();
            await _consumer.CloseAsync(operation);
        }
    }

    private async Task EndReadingAsync(bool hasFinished)
    {
        await _feed.EndAsync();
        if (hasFinished)
        {
            _ledger.FinishAll();
        }

        _ledger.Stop();
        if (_isAssignedByHand)
        {
            await Commits.CommitFinishedAsync(null);
            _ledger.End([.. _consumer.Assignment]);
        }
    }

    private async Task SettleAsync(TakeRequest request)
    {
        var lost = _ledger.Settle(request);
        if (lost.Count > 0)
        {
            _ledger.Hold(await _feed.EndAsync());
        }

        foreach (var (partition, from) in lost)
        {
            try
            {
                await _consumer.SeekAsync(partition, OffsetSpec.At(from));
            }
            catch (InvalidOperationException)
            {
                // Another member has it now, and gets what was lost.
            }

            _ledger.WentBack(partition);
        }
    }

    private async Task<TakeResult> GatherAsync(TakeRequest request, Task<Interruption> interrupted, CancellationToken cancellation)
    {
        // Nothing is delivered before the wait is over: what arrives during a wait that is broken off stays for the next request.
        if (await HoldEnoughAsync(request, interrupted, cancellation) is { } failed)
        {
            return failed;
        }

        var delivery = new Delivery(request.MaxRecords, request.MaxBytes);
        while (_ledger.Fill(delivery))
        {
            var arrived = _feed.ArrivedAsync();
            if (!arrived.IsCompleted || (!delivery.IsEmpty && arrived.IsFaulted))
            {
                break;
            }

            await arrived;
            _ledger.Hold(_feed.Take());
        }

        return new TakeResult(ErrorCode.None, null, delivery.Slices, _ledger.Receipt);
    }

    /// <summary>Waits until as much is held as the consumer waits for, or the time of the request is up.</summary>
    /// <returns>The answer, if the wait was broken off.</returns>
    private async Task<TakeResult?> HoldEnoughAsync(TakeRequest request, Task<Interruption> interrupted, CancellationToken cancellation)
    {
        var began = _time.GetTimestamp();
        var leastBytes = Math.Min(_settings.FetchMinBytes, request.MaxBytes);
        while (_ledger.HoldsLessThan(leastBytes, request.MaxRecords))
        {
            var arrived = _feed.ArrivedAsync();
            var left = request.MaxWait - _time.GetElapsedTime(began);
            if (!arrived.IsCompleted && left > TimeSpan.Zero)
            {
                using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                await Task.WhenAny(arrived, interrupted, Task.Delay(left, _time, end.Token));
                await end.CancelAsync();
                cancellation.ThrowIfCancellationRequested();
                switch (interrupted.IsCompleted ? await interrupted : Interruption.Change)
                {
                    case Interruption.Newer:
                        return Failed(ErrorCode.RequestTimedOut, "A newer request for records replaced this one.");
                    case Interruption.End:
                        return Failed(_ended, null);
                }
            }

            if (!arrived.IsCompleted || (arrived.IsFaulted && !_ledger.HoldsLessThan(1, request.MaxRecords)))
            {
                break;
            }

            await arrived;
            _ledger.Hold(_feed.Take());
        }

        return null;
    }

    /// <summary>Makes a change while no request waits for records.</summary>
    private async Task<ConsumerResult> ChangeAsync(Func<Task<ConsumerResult>> change)
    {
        Interrupt(Interruption.Change);
        await _turn.WaitAsync();
        try
        {
            return _ended != ErrorCode.None ? Refuse(_ended, null) : await change();
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

    private TakeResult Failed(ErrorCode error, string? detail) => new(error, detail, [], _ledger.Receipt);

    private static ConsumerResult Refuse(ErrorCode error, string? detail) => new(error, detail, null);

    [LoggerMessage(2, LogLevel.Warning, "The consumer of {Client} takes long to end.")]
    private partial void CloseTakesLong(Exception problem, string client);
}
