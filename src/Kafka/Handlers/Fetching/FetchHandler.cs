using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>
/// Fetch 4 to 17: whole batches, and waits for them (KIP-74), within incremental sessions if the client wants (KIP-227), by topic ids from version 13 on (KIP-516), with the
/// checks of leader epochs (KIP-320, KIP-595). A partition that is named twice is answered once.
/// <para>
/// Other than in Kafka: batches are never cut at the limit of bytes. The address of another leader is never told, since every node serves every partition. A session that its
/// client opened and never went on with makes room for the next one that the same connection opens. Fields of followers are ignored. The first epoch counts as none, since
/// librdkafka names it when it knows none.
/// </para>
/// </summary>
/// <param name="sessions">The sessions of the node.</param>
/// <param name="services">What readers of partitions share.</param>
internal sealed class FetchHandler(IncrementalSessions sessions, ReaderServices services) : KafkaHandler<FetchRequest>(ApiKey.Fetch, 4, 17)
{
    private const short FirstById = 13;
    private const short FirstWithError = 7;

    public override bool AnswersAreLarge => true;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, FetchRequest request)
    {
        var isById = context.Version >= FirstById;
        var beginning = sessions.Begin(request.SessionId, request.SessionEpoch, isById, Wanted(request, isById), Forgotten(request, isById));
        if (beginning.Error != ErrorCode.None)
        {
            return new FetchResponse { ErrorCode = beginning.Error };
        }

        var (session, wanted) = (beginning.Session, beginning.Wanted);
        if (session is not null && !beginning.IsIncremental)
        {
            context.Connection.Keep(static () => new OpenedSession()).Replace(session, sessions);
        }

        var terms = new FetchTerms(
            request.IsolationLevel == (sbyte)IsolationLevel.ReadCommitted ? IsolationLevel.ReadCommitted : IsolationLevel.ReadUncommitted,
            Math.Max(0, request.MinBytes), Math.Clamp(request.MaxBytes, 0, FetchLimits.AnswerBytes), TimeSpan.FromMilliseconds(Math.Max(0, request.MaxWaitMs)));
        var reads = session?.Reads ?? context.Connection.Keep(() => new StandingReads(isInSession: false, services));
        var answers = await reads.ReadAsync(wanted, terms, context.Gone);
        return new FetchResponse { SessionId = session?.Id ?? 0, Responses = Answer(beginning, answers, terms.Isolation) };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, FetchRequest request, ErrorCode error)
    {
        var failed = PartitionRead.Failed(error);
        return new FetchResponse
        {
            ErrorCode = error,
            Responses = context.Version >= FirstWithError ? [] : [.. request.Topics.Select(topic => new FetchResponse.FetchedTopic
            {
                Topic = topic.Topic,
                Partitions = [.. topic.Partitions.Select(partition => ToPartition(partition.Partition, failed, IsolationLevel.ReadUncommitted))],
            })],
        };
    }

    private static List<WantedPartition> Wanted(FetchRequest request, bool isById)
    {
        var wanted = new List<WantedPartition>(request.Topics.Sum(static topic => topic.Partitions.Length));
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                wanted.Add(new WantedPartition(
                    Name(topic.Topic, topic.TopicId, partition.Partition, isById),
                    new ReadPosition(
                        partition.FetchOffset, Math.Max(0, partition.PartitionMaxBytes), new LeaderEpoch(partition.CurrentLeaderEpoch),
                        new LeaderEpoch(partition.LastFetchedEpoch))));
            }
        }

        return wanted;
    }

    private static List<NamedPartition> Forgotten(FetchRequest request, bool isById) =>
        [.. request.ForgottenTopicsData.SelectMany(topic => topic.Partitions.Select(partition => Name(topic.Topic, topic.TopicId, partition, isById)))];

    private static NamedPartition Name(string topic, Guid id, int partition, bool isById) =>
        isById ? new NamedPartition(null, id, partition) : new NamedPartition(topic, Guid.Empty, partition);

    /// <summary>Groups neighbours of one topic, without a change of the order.</summary>
    private static FetchResponse.FetchedTopic[] Answer(FetchBeginning beginning, PartitionRead[] answers, IsolationLevel isolation)
    {
        List<FetchResponse.FetchedTopic> topics = [];
        List<FetchResponse.FetchedPartition> partitions = [];
        for (var i = 0; i < answers.Length; i++)
        {
            var partition = beginning.Wanted[i].Partition;
            if (beginning is { IsIncremental: true, Session: { } session })
            {
                if (!session.TellIfNew(partition, answers[i]))
                {
                    continue;
                }
            }
            else
            {
                beginning.Session?.NoteTold(partition, answers[i]);
            }

            if (topics is not [.., var last] || last.TopicId != partition.Id || last.Topic != (partition.Topic ?? ""))
            {
                End();
                topics.Add(new FetchResponse.FetchedTopic { Topic = partition.Topic ?? "", TopicId = partition.Id });
            }

            partitions.Add(ToPartition(partition.Index, answers[i], isolation));
        }

        End();
        return [.. topics];

        void End()
        {
            if (topics is [.., var last])
            {
                last.Partitions = [.. partitions];
                partitions.Clear();
            }
        }
    }

    private static FetchResponse.FetchedPartition ToPartition(int index, PartitionRead read, IsolationLevel isolation) => new()
    {
        PartitionIndex = index,
        ErrorCode = read.Error,
        HighWatermark = read.Bounds?.HighWatermark.Value ?? -1,
        LastStableOffset = read.Bounds?.LastStable.Value ?? -1,
        LogStartOffset = read.Bounds?.LogStart.Value ?? -1,
        DivergingEpoch = read.Diverging is { } end ? new() { Epoch = end.Epoch.Value, EndOffset = end.End.Value } : null,
        AbortedTransactions = read.IsUnknown ? []
            : read.Error != ErrorCode.None || isolation == IsolationLevel.ReadUncommitted ? null
            : [.. (read.Aborted ?? []).Select(static one => new FetchResponse.AbortedTransaction { ProducerId = one.Producer, FirstOffset = one.FirstOffset.Value })],
        Records = read.Pieces.Length == 0 ? default : new RecordBytes(read.Pieces),
    };

    /// <summary>The session that a connection has opened last.</summary>
    private sealed class OpenedSession
    {
        private int _id;

        public void Replace(IncrementalSession session, IncrementalSessions sessions) => sessions.RemoveUnused(Interlocked.Exchange(ref _id, session.Id));
    }
}
