using Loire.Edge.Calls;
using Loire.Edge.Fetching;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>What readers of partitions share.</summary>
/// <param name="Topics">The cache of topics.</param>
/// <param name="Names">The names of topics by their ids.</param>
/// <param name="Lookup">Finds partitions.</param>
/// <param name="Together">Makes the reads that wait by one call for each broker.</param>
/// <param name="Time">The clock.</param>
internal sealed record ReaderServices(TopicCache Topics, TopicNames Names, PartitionLookup Lookup, BrokerFetches Together, TimeProvider Time);

/// <summary>
/// Reads one partition as a client names it. By name it reads whatever topic has the name; by id it stays with one creation of the topic, and says within a session
/// what has become of it, as a broker does: unknown once the topic is deleted, inconsistent once the name belongs to another.
/// </summary>
/// <param name="partition">The partition.</param>
/// <param name="isInSession">Whether it belongs to an incremental session.</param>
/// <param name="services">What all readers share.</param>
internal sealed class PartitionReader(NamedPartition partition, bool isInSession, ReaderServices services)
{
    private FetchSession? _session;

    /// <summary>Reads once.</summary>
    /// <param name="position">Where, how much at most by itself, and what the client knows of epochs.</param>
    /// <param name="maxBytes">How much at most.</param>
    /// <param name="minBytes">How much to wait for; 0 for no wait.</param>
    /// <param name="wait">How long to wait.</param>
    /// <param name="isolation">Where reading ends.</param>
    /// <param name="cancellation">Ends the read.</param>
    public async Task<PartitionRead> ReadAsync(
        ReadPosition position, int maxBytes, int minBytes, TimeSpan wait, IsolationLevel isolation, CancellationToken cancellation)
    {
        try
        {
            var (error, session) = await FindAsync(cancellation);
            if (session is null)
            {
                return PartitionRead.Failed(Accepted(error));
            }

            if (position.From < Offset.Zero)
            {
                // The partition takes some of these numbers for words.
                return PartitionRead.Failed(ErrorCode.OffsetOutOfRange);
            }

            // librdkafka sends 0 when Metadata has given it no epoch, so 0 means unknown and is not a reason to fence the reader.
            var current = position.Current == new LeaderEpoch(0) ? LeaderEpoch.None : position.Current;
            var epochs = current == LeaderEpoch.None && position.LastFetched == LeaderEpoch.None ? null : new ReaderEpochs(current, position.LastFetched);
            var request = new FetchRequest(position.From, maxBytes, minBytes, wait, isolation, epochs);
            var fetched = await session.FetchAsync(request, cancellation);
            if (fetched is { Status: FetchStatus.TopicReplaced, Successor: { } successor } && partition.Topic is not null)
            {
                _session = session = NewSession(successor);
                fetched = partition.Index < successor.PartitionsCount ? await session.FetchAsync(request, cancellation) : new Fetched(FetchStatus.TopicDeleted, fetched.Answer);
            }

            return ToRead(fetched);
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } error)
        {
            return PartitionRead.Failed(Accepted(error));
        }
    }

    private async ValueTask<(ErrorCode Error, FetchSession? Session)> FindAsync(CancellationToken cancellation)
    {
        if (_session is { } known)
        {
            return (ErrorCode.None, known);
        }

        if (partition.Topic is { } topic)
        {
            var lookup = await services.Lookup.FindAsync(topic, partition.Index, cancellation);
            return lookup.Topic is { } routes ? (ErrorCode.None, _session = NewSession(routes)) : (lookup.Error, null);
        }

        var id = new TopicId(partition.Id);
        if (await services.Names.FindAsync(id, cancellation) is not { } name)
        {
            return (ErrorCode.UnknownTopicId, null);
        }

        var found = await services.Lookup.FindAsync(name.Value, partition.Index, cancellation);
        if (found.Topic is { } stale && stale.Id != id)
        {
            found = await services.Topics.RefreshAsync(stale, 0, FetchLimits.CallTimeout, cancellation);
        }

        if (found.Topic is { } current && current.Id == id)
        {
            return (ErrorCode.None, _session = NewSession(current));
        }

        // The partition may be missing although its topic exists.
        var isOther = found.Topic is not null || (found.Error == ErrorCode.UnknownTopicOrPartition && services.Topics.TryFind(name, TimeSpan.MaxValue)?.Id != id);
        return (isOther ? ErrorCode.UnknownTopicId : found.Error, null);
    }

    private FetchSession NewSession(TopicRoutes routes) => new(services.Topics, routes, partition.Index, services.Time)
    {
        HasBegun = true,
        NamesAborted = true,
        Timeout = FetchLimits.CallTimeout,
        Together = services.Together,
    };

    private PartitionRead ToRead(Fetched fetched)
    {
        switch (fetched.Status)
        {
            case FetchStatus.Read:
                var answer = fetched.Answer;
                return new PartitionRead(ErrorCode.None, answer.Bounds, answer.Batches, answer.NextOffset, answer.Aborted, answer.Diverging);
            case FetchStatus.OutOfRange:
                return PartitionRead.Failed(ErrorCode.OffsetOutOfRange);
            case FetchStatus.TopicDeleted:
                // A session by id goes on to name what it has found once.
                _session = partition.Topic is null && isInSession ? _session : null;
                return PartitionRead.Failed(partition.Topic is null && !isInSession ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition);
            case FetchStatus.TopicReplaced:
                _session = isInSession ? _session : null;
                return PartitionRead.Failed(isInSession ? ErrorCode.InconsistentTopicId : ErrorCode.UnknownTopicId);
            case FetchStatus.Unavailable:
            case FetchStatus.Refused:
            default:
                return PartitionRead.Failed(Accepted(fetched.Failure.Error is not ErrorCode.None and var lookup ? lookup : fetched.Answer.Error));
        }
    }

    /// <summary>Clients in Java throw on errors that they do not expect in an answer to a fetch: others become one that has them look where the partition is.</summary>
    private static ErrorCode Accepted(ErrorCode error) => error switch
    {
        ErrorCode.OffsetOutOfRange or ErrorCode.CorruptMessage or ErrorCode.UnknownTopicOrPartition or ErrorCode.NotLeaderOrFollower
            or ErrorCode.KafkaStorageError or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch or ErrorCode.UnknownTopicId
            or ErrorCode.InconsistentTopicId => error,
        _ => ErrorCodes.Describe(error).Retriable ? ErrorCode.NotLeaderOrFollower : ErrorCode.KafkaStorageError,
    };
}
