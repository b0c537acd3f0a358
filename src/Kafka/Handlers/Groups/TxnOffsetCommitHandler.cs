using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// TxnOffsetCommit 0 to 5: offsets that count once their transaction commits. Version 5 is of the second dialect of transactions, in which the commit itself adds the group to
/// the transaction (KIP-890); version 4 knows that an error may be one of the transaction alone.
/// </summary>
/// <param name="commits">Commits the offsets.</param>
internal sealed class TxnOffsetCommitHandler(OffsetCommits commits) : KafkaHandler<TxnOffsetCommitRequest>(ApiKey.TxnOffsetCommit, 0, 5)
{
    private const int FirstOfSecondDialect = 5;
    private const int FirstWithAbortable = 4;
    private const int FirstWithLoading = 2;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, TxnOffsetCommitRequest request)
    {
        if (!TransactionalId.TryParse(request.TransactionalId, out var transaction, out string? _))
        {
            return Refuse(context, request, ErrorCode.InvalidRequest);
        }

        if (!MemberNames.TryRead(request.MemberId, request.GroupInstanceId, out var names))
        {
            return Refuse(context, request, ErrorCode.UnknownMemberId);
        }

        RequestedOffsets[] requested = Array.ConvertAll(request.Topics, topic => new RequestedOffsets(topic.Name, null, Array.ConvertAll(
            topic.Partitions, partition => new RequestedOffset(
                partition.PartitionIndex, partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.CommittedMetadata))));
        var version = context.Version;
        var producer = new ProducerIdentity(request.ProducerId, request.ProducerEpoch);
        var dialect = version < FirstOfSecondDialect ? TransactionVersion.V1 : TransactionVersion.V2;
        return Answer(request, await commits.CommitAsync(
            context, request.GroupId, names, request.GenerationIdOrMemberEpoch, requested, async (group, commit) =>
            {
                var result = await group.CommitInTransaction(new TransactionalCommitRequest(transaction, producer, dialect, commit));
                return result with { Error = ForVersion(result.Error, version) };
            }));
    }

    protected override IKafkaMessage Refuse(HandlerContext context, TxnOffsetCommitRequest request, ErrorCode error) =>
        Answer(request, Array.ConvertAll(request.Topics, topic => Array.ConvertAll(topic.Partitions, _ => error)));

    private static ErrorCode ForVersion(ErrorCode error, short version) => error switch
    {
        ErrorCode.CoordinatorLoadInProgress when version < FirstWithLoading => ErrorCode.CoordinatorNotAvailable,
        ErrorCode.InvalidTxnState when version == FirstWithAbortable => ErrorCode.TransactionAbortable,
        _ => error,
    };

    private static TxnOffsetCommitResponse Answer(TxnOffsetCommitRequest request, ErrorCode[][] errors) => new()
    {
        Topics = [.. request.Topics.Zip(errors, (topic, errors) => new TxnOffsetCommitResponse.Topic
        {
            Name = topic.Name,
            Partitions = [.. topic.Partitions.Zip(errors, (partition, error) => new TxnOffsetCommitResponse.Partition
            {
                PartitionIndex = partition.PartitionIndex, ErrorCode = error,
            })],
        })],
    };
}
