using System.Runtime.CompilerServices;
using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>
/// The part of a consumer that does not depend on record types: assignment, positions, group, and records as bytes. It connects the parts:
/// <see cref="FetchLoop"/>s fill the <see cref="PartitionSet"/>, and <see cref="RecordStream"/> alternates between its partitions. See
/// <see cref="IConsumer{TKey, TValue}"/> for the contracts of the members.
/// </summary>
internal class UntypedConsumer : IDeliveredPositions, IAsyncDisposable
{
    private readonly ConsumerOptions _options;
    private readonly TimeProvider _time;
    private readonly PartitionSet _set;
    private readonly Assigner _assigner;
    private readonly Subscriber? _subscriber;
    private int _isEnumerated;

    public UntypedConsumer(
        ConsumerOptions options, IGrainFactory grains, TopicCache topics, BrokerFetches fetches, TimeProvider time, BackgroundWork background, Random random,
        ClientMetrics metrics, ILogger logger)
    {
        _options = options.Copy();
        _options.Check();
        _time = time;
        _set = new PartitionSet(_options, time);
        _assigner = new Assigner(_set, _options, topics, fetches, time, background, random, metrics, logger);
        Stream = new RecordStream(_set, metrics);
        if (_options.GroupId is not null)
        {
            _subscriber = new Subscriber(_options, grains, _set, _assigner, time, background, NewMemberId, logger);
        }
    }

    public IReadOnlyList<TopicPartition> Assignment => _set.List(static _ => true);

    public IReadOnlyList<TopicPartition> Paused => _set.List(static partition => partition.IsPaused);

    /// <summary>Why the group has refused the consumer for good; null if it has not.</summary>
    public GroupException? Refusal => _subscriber?.Refusal;

    /// <summary>As which member of its group the consumer reads; null without a group.</summary>
    public ConsumerGroupMetadata? GroupMetadata => _subscriber?.Commits.Metadata;

    bool IDeliveredPositions.CommitsAutomatically => _options.EnableAutoCommit;

    /// <inheritdoc cref="PartitionSet.LostInHand"/>
    public TopicPartition? LostInHand => _set.LostInHand;

    /// <summary>The source of records; used only by the active enumeration.</summary>
    protected RecordStream Stream { get; }

    /// <summary>Whether positions are committed before their records are delivered.</summary>
    protected bool CommitsFirst => _subscriber is { IsSubscribed: true } && _options.Guarantee == ConsumeGuarantee.AtMostOnce;

    public ValueTask AssignAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        CheckNotSubscribed();
        return _assigner.AssignAsync([.. partitions.Select(partition => (partition, default(Offset?)))], cancellation);
    }

    public ValueTask AssignAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(positions);
        CheckNotSubscribed();
        return _assigner.AssignAsync([.. positions.Select(position => (position.TopicPartition, (Offset?)position.Offset))], cancellation);
    }

    public ValueTask SeekAsync(TopicPartition partition, OffsetSpec position, CancellationToken cancellation = default) =>
        _assigner.SeekAsync(partition, position, cancellation);

    public void Pause(IEnumerable<TopicPartition> partitions) => _set.Pause(partitions);

    public void Resume(IEnumerable<TopicPartition> partitions) => _set.Resume(partitions);

    public Offset Position(TopicPartition partition) => _set.Read(partition, static found => found.Position);

    public ValueTask<WatermarkOffsets> QueryWatermarksAsync(TopicPartition partition, CancellationToken cancellation = default) =>
        _assigner.WatermarksAsync(partition, cancellation);

    public ValueTask<Offset> OffsetForTimeAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellation = default) =>
        _assigner.OffsetAsync(partition, OffsetSpec.AtTime(time), cancellation);

    public ValueTask SubscribeAsync(
        IEnumerable<TopicName> topics, IRebalanceListener? listener = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(topics);
        TopicName[] names = [.. topics.Distinct().Order()];
        return names.Length > 0 && !names.Contains(default)
            ? Group().SubscribeAsync(names, null, listener, cancellation)
            : throw new ArgumentException("At least one topic is required.");
    }

    public ValueTask SubscribeAsync(string pattern, IRebalanceListener? listener = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        return Group().SubscribeAsync([], pattern, listener, cancellation);
    }

    public ValueTask UnsubscribeAsync(CancellationToken cancellation = default) =>
        _subscriber?.ListenerCalls.WaitOutside(_subscriber.UnsubscribeAsync(GroupMembershipOperation.Default, cancellation))
            ?? ValueTask.CompletedTask;

    public ValueTask CommitAsync(CancellationToken cancellation = default) =>
        Group().Commits.CommitAsync(null, areFinished: false, cancellation);

    public ValueTask CommitAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(positions);
        TopicPartitionOffset[] wanted = [.. positions];
        return wanted.DistinctBy(one => one.TopicPartition).Count() < wanted.Length || wanted.Any(one => one.Offset < 0)
            ? throw new ArgumentException("Each partition must be given once, with an offset of at least 0.")
            : Group().Commits.CommitAsync(wanted, cancellation);
    }

    public async ValueTask<IReadOnlyList<TopicPartitionOffset>> CommittedAsync(
        IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var found = await Group().Commits.FindAsync(partitions, cancellation);
        return [.. found.Where(one => _set.Find(one.Partition) is not { } read || one.IsOf(read.Topic.Id)).Select(one => one.Offset)];
    }

    /// <summary>
    /// Reads lists of available batches, undecoded, each list from one partition: at least one batch, and no further one once there are
    /// <see cref="ConsumerOptions.MaxPollRecords"/> records. The position advances with each list.
    /// </summary>
    public IAsyncEnumerable<PartitionSlices> ConsumeSlicesAsync(CancellationToken cancellation = default) =>
        ReadAsync(_ => ValueTask.FromResult(TakeSlices()), cancellation);

    (ConsumerGroupMetadata Group, IReadOnlyList<ReadPosition> Positions) IDeliveredPositions.Delivered() =>
        _subscriber?.Commits.Delivered() ?? throw new ArgumentException("The consumer has no group: set GroupId.");

    void IDeliveredPositions.Committed(ReadPosition position) => _set.Committed(position);

    void IDeliveredPositions.Return(TopicPartition partition, Offset offset) => _set.SeekInHand(partition, offset);

    public ValueTask DisposeAsync() => CloseAsync(GroupMembershipOperation.Default);

    public ValueTask CloseAsync(GroupMembershipOperation operation)
    {
        var ended = EndAsync(operation);
        return _subscriber?.ListenerCalls.WaitOutside(ended) ?? new ValueTask(ended);
    }

    /// <summary>Commits positions after delivered records; see <see cref="IConsumer{TKey, TValue}"/>.</summary>
    protected ValueTask CommitBehindAsync(TopicPartitionOffset[] positions, CancellationToken cancellation) =>
        Group().Commits.CommitBehindAsync(positions, cancellation);

    /// <summary>The partition's epoch, which grows whenever its position is moved explicitly; null if it is not assigned.</summary>
    protected int? EpochOf(TopicPartition partition) => _set.Find(partition)?.Epoch;

    /// <summary>Enumerates lists of records.</summary>
    /// <param name="next">Takes records from <see cref="Stream"/>; null if there are none, with a task that ends when there may be.</param>
    /// <param name="cancellation">Ends the enumeration.</param>
    protected async IAsyncEnumerable<TList> ReadAsync<TList>(
        Func<CancellationToken, ValueTask<(TList? List, Task Arrival)>> next, [EnumeratorCancellation] CancellationToken cancellation)
        where TList : class
    {
        Begin();
        var isInHand = false;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var (list, arrival) = await next(cancellation);
                if (list is not null)
                {
                    if (await MayHandOutAsync(cancellation) && Stream.TryConfirm())
                    {
                        isInHand = true;
                        yield return list;
                        isInHand = false;
                    }
                }
                else if (!await ArrivedAsync(arrival, cancellation))
                {
                    break;
                }
            }
        }
        finally
        {
            End(isInHand);
        }
    }

    /// <summary>The topic as it is now, assigned or not.</summary>
    protected ValueTask<TopicRoutes> RoutesAsync(TopicName topic, CancellationToken cancellation) => _assigner.RoutesAsync(topic, cancellation);

    /// <summary>Starts an enumeration.</summary>
    protected void Begin()
    {
        ObjectDisposedException.ThrowIf(_set.IsDisposed, this);
        if (Interlocked.Exchange(ref _isEnumerated, 1) != 0)
        {
            ObjectDisposedException.ThrowIf(_set.IsDisposed, this);
            throw new InvalidOperationException("The consumer is already being enumerated; only one enumeration may be active at a time.");
        }

        _set.Enter();
    }

    /// <summary>Ends an enumeration.</summary>
    /// <param name="isInHand">Whether the application stopped without finishing the records that it received last.</param>
    protected void End(bool isInHand)
    {
        if (Stream.IsUnconfirmed)
        {
            Stream.Abandon();
        }

        Stream.Report();
        _set.Leave(hasFinished: !isInHand);
        Volatile.Write(ref _isEnumerated, 0);
        DisposeStream();
    }

    /// <summary>Waits for <paramref name="arrival"/>; false if cancelled.</summary>
    protected async ValueTask<bool> ArrivedAsync(Task arrival, CancellationToken cancellation)
    {
        try
        {
            Stream.Report();
            _set.Ask();
            await BackgroundWork.WaitAsync(arrival, Timeout.InfiniteTimeSpan, _time, cancellation);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task EndAsync(GroupMembershipOperation operation)
    {
        if (_subscriber is not null)
        {
            await _subscriber.UnsubscribeAsync(operation, CancellationToken.None);
        }

        _set.Dispose();
        DisposeStream();
    }

    private (PartitionSlices? List, Task Arrival) TakeSlices()
    {
        List<RecordSlice> slices = [];
        Task arrival = Task.CompletedTask;
        for (var count = 0; count < _options.MaxPollRecords && Stream.TryTakeSlice(out var slice, out arrival); count += slice.Count)
        {
            slices.Add(slice);
        }

        return (slices.Count > 0 ? new PartitionSlices(Stream.Partition, [.. slices]) : null, arrival);
    }

    /// <summary>
    /// Whether the taken records may be delivered; with at-most-once, their position is committed first. Otherwise they are put back.
    /// </summary>
    private async ValueTask<bool> MayHandOutAsync(CancellationToken cancellation)
    {
        if (!CommitsFirst)
        {
            return true;
        }

        var partition = Stream.Partition;
        try
        {
            await _subscriber!.Commits.CommitAheadAsync(new TopicPartitionOffset(partition, Stream.Reached), cancellation);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Stream.Abandon();
            return false;
        }
        catch (GroupException lost) when (
            lost.Code is ErrorCode.UnknownMemberId or ErrorCode.StaleMemberEpoch or ErrorCode.FencedMemberEpoch)
        {
            // The group will notify the member soon; until then there is nothing to deliver.
            Stream.Abandon();
            _set.Hold([partition], isHeld: true);
            return false;
        }
        catch (GroupException)
        {
            Stream.Abandon();
            throw;
        }
    }

    // The last user disposes it: an active enumeration may still be reading from the stream's memory.
    private void DisposeStream()
    {
        if (_set.IsDisposed && Interlocked.Exchange(ref _isEnumerated, 1) == 0)
        {
            Stream.Dispose();
        }
    }

    private MemberId NewMemberId() => _options.MemberId ?? MemberId.Parse(Guid.NewGuid().ToString("N"));

    private Subscriber Group() => _subscriber ?? throw new InvalidOperationException("The consumer has no group: set GroupId.");

    private void CheckNotSubscribed()
    {
        if (_subscriber is { IsSubscribed: true })
        {
            throw new InvalidOperationException("The consumer has subscribed, so the group assigns its partitions.");
        }
    }
}
