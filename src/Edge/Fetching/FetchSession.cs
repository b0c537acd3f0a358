using Loire.Edge.Calls;
using Loire.Edge.Offsets;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Edge.Fetching;

/// <summary>
/// Reads one partition, one call at a time. It bounds the wait for an answer, follows the topic when an answer shows that its routes are
/// outdated, and interprets the answer for a reader. It stays with one creation of the topic, because offsets of one are meaningless in the
/// next: the creation to which the caller's offset belongs, otherwise the first that answers without an error. The caller handles
/// positions, retries and resets.
/// </summary>
/// <param name="topics">Refreshes the topic's routes.</param>
/// <param name="topic">The topic's known routes.</param>
/// <param name="partition">From 0 to <see cref="TopicRoutes.PartitionsCount"/> exclusive.</param>
/// <param name="time">The clock.</param>
public sealed class FetchSession(TopicCache topics, TopicRoutes topic, int partition, TimeProvider time)
{
    private volatile TopicRoutes _topic = topic;
    private LeaderEpoch _newestEpoch = LeaderEpoch.None;
    private int _leader = -1;

    /// <summary>The topic's current routes.</summary>
    public TopicRoutes Topic => _topic;

    /// <summary>The partition's number.</summary>
    public int Partition => partition;

    /// <summary>
    /// Whether the session is bound to a creation of the topic. Set it if the caller has an offset of the known creation.
    /// </summary>
    public bool HasBegun { get; set; }

    /// <summary>How long a call may take beyond its requested wait; infinite by default, which leaves the timeout to Orleans.</summary>
    public TimeSpan Timeout { get; init; } = System.Threading.Timeout.InfiniteTimeSpan;

    /// <summary>
    /// Makes fetches that are to wait for at least <see cref="LongWait"/> together with those of other sessions; null to make each by itself.
    /// </summary>
    public BrokerFetches? Together { get; init; }

    /// <summary>
    /// Whether answers with <see cref="IsolationLevel.ReadCommitted"/> keep the batches of aborted transactions and name these, for a reader that leaves them out itself.
    /// </summary>
    public bool NamesAborted { get; init; }

    /// <summary>The wait from which on a fetch need not be made by itself: such partitions are idle.</summary>
    public static readonly TimeSpan LongWait = TimeSpan.FromSeconds(1);

    /// <summary>Fetches once.</summary>
    /// <param name="request">Where to read, how much, and how long to wait for it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TimeoutException">No answer arrived in time.</exception>
    /// <exception cref="Exception">The call failed; see <see cref="Calls.GrainCallErrors"/>.</exception>
    public async ValueTask<Fetched> FetchAsync(FetchRequest request, CancellationToken cancellation)
    {
        var before = _topic;
        var patience = Timeout == System.Threading.Timeout.InfiniteTimeSpan ? Timeout : request.MaxWait + Timeout;
        var begun = time.GetTimestamp();
        var (answer, lookup) = await AskAsync(
            request, (grain, request) => BoundedAsync(CallAsync(grain, Shorten(request, begun), cancellation), patience, cancellation), cancellation,
            request.MaxWait);
        _leader = answer.Error == ErrorCode.None ? answer.Bounds.Leader : -1;
        var now = lookup.Topic;
        var epoch = answer.Bounds.Epoch;
        if (answer.Error == ErrorCode.OffsetOutOfRange && epoch < _newestEpoch)
        {
            // A leader that was superseded: the offset may have been acknowledged by the next one, so the reader must not move back.
            return new Fetched(FetchStatus.Unavailable, answer with
            {
                Error = ErrorCode.FencedLeaderEpoch,
                Detail = $"Epoch {epoch} answered, and epoch {_newestEpoch} has been seen.",
            });
        }

        _newestEpoch = epoch > _newestEpoch ? epoch : _newestEpoch;
        return answer.Error switch
        {
            ErrorCode.None => new Fetched(FetchStatus.Read, NamesAborted ? answer : CommittedBatches.Of(answer)),
            ErrorCode.OffsetOutOfRange => new Fetched(FetchStatus.OutOfRange, answer),
            var error when TopicRoutes.IsUnknown(error) => now is not null
                ? new Fetched(now.Id == before.Id ? FetchStatus.Unavailable : FetchStatus.TopicReplaced, answer) { Successor = now }
                : lookup.Error == ErrorCode.UnknownTopicOrPartition ? new Fetched(FetchStatus.TopicDeleted, answer)
                : new Fetched(FetchStatus.Unavailable, answer) { Failure = lookup },
            var error => new Fetched(ErrorCodes.Describe(error).Retriable ? FetchStatus.Unavailable : FetchStatus.Refused, answer),
        };
    }

    /// <summary>The current bounds of the log.</summary>
    /// <exception cref="Exception">The call failed; see <see cref="Calls.GrainCallErrors"/>.</exception>
    public async ValueTask<PartitionOffsets> OffsetsAsync(CancellationToken cancellation) =>
        (await AskAsync(0, static (grain, _) => grain.Offsets(), cancellation)).Answer;

    /// <summary>The first record at or after a time.</summary>
    /// <param name="moment">The time.</param>
    /// <param name="isolation">Whether to look before the last stable offset only.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="Exception">The call failed; see <see cref="Calls.GrainCallErrors"/>.</exception>
    public async ValueTask<OffsetAtTime> AtTimeAsync(Timestamp moment, IsolationLevel isolation, CancellationToken cancellation) => OffsetLookup.Find(
        (await AskAsync(moment, static (grain, moment) => grain.FindBatch(moment), cancellation)).Answer, moment, isolation);

    /// <summary>By way of the broker that has answered last, if that is known; after a failure the partition itself is asked where it is.</summary>
    private ValueTask<FetchResult> CallAsync(IPartitionGrain grain, FetchRequest request, CancellationToken cancellation)
    {
        var leader = _leader;
        _leader = -1;
        return topics.Transfers is { } transfers
            ? TransferAsync(transfers, grain, leader, request, cancellation)
            : CallAsync(grain, leader, request, cancellation);
    }

    private ValueTask<FetchResult> CallAsync(IPartitionGrain grain, int leader, FetchRequest request, CancellationToken cancellation) =>
        leader >= 0 && Together is { } fetches && request.MaxWait >= LongWait
            ? new(fetches.FetchAsync(leader, new PartitionKey(_topic.Name, _topic.Id, partition).ToString(), request, cancellation))
            : grain.Fetch(request, cancellation);

    private async ValueTask<FetchResult> TransferAsync(
        TransferWindows transfers, IPartitionGrain grain, int leader, FetchRequest request, CancellationToken cancellation)
    {
        var topic = _topic;
        var expected = topic.Expected(partition);
        using var transfer = await transfers.BeginAsync(
            leader >= 0 ? leader : topic.LeaderOf(partition), expected.Of(request), cancellation);
        var answer = await CallAsync(grain, leader, request, cancellation);
        expected.Learn(request, answer);
        return answer;
    }

    // A fetch that is repeated has waited already.
    private FetchRequest Shorten(FetchRequest request, long begun) =>
        time.GetElapsedTime(begun) is var waited && waited < TimeSpan.FromMilliseconds(1) ? request
        : request with { MaxWait = waited < request.MaxWait ? request.MaxWait - waited : TimeSpan.Zero };

    private async ValueTask<T> BoundedAsync<T>(ValueTask<T> call, TimeSpan patience, CancellationToken cancellation)
    {
        var task = call.AsTask();
        await BackgroundWork.WaitAsync(task, patience, time, cancellation);
        return await task;
    }

    private async ValueTask<(T Answer, TopicLookup Topic)> AskAsync<T, TState>(
        TState state, Func<IPartitionGrain, TState, ValueTask<T>> call, CancellationToken cancellation, TimeSpan wait = default)
        where T : IPartitionAnswer
    {
        var topic = _topic;
        var (answer, lookup) = await topics.AskAsync(topic, partition, !HasBegun, state, call, Timeout, cancellation, wait);
        if (lookup.Topic is { } now && (now.Id == topic.Id || (answer.Error == ErrorCode.None && !HasBegun)))
        {
            _newestEpoch = now.Id == topic.Id ? _newestEpoch : LeaderEpoch.None;
            _topic = now;
        }

        HasBegun |= answer.Error == ErrorCode.None;
        return (answer, lookup);
    }
}
