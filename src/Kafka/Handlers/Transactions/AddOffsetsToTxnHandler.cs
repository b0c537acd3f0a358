using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>AddOffsetsToTxn 0 to 4: adds a group to the transaction of a producer of the first dialect, which is going to commit offsets of it.</summary>
/// <param name="coordinators">Asks the coordinators of transactions.</param>
internal sealed class AddOffsetsToTxnHandler(Coordinators coordinators) : KafkaHandler<AddOffsetsToTxnRequest>(ApiKey.AddOffsetsToTxn, 0, 4)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, AddOffsetsToTxnRequest request) => new AddOffsetsToTxnResponse
    {
        ErrorCode = GroupId.TryParse(request.GroupId, out var group, out string? _)
            ? await coordinators.EnlistAsync(
                request.TransactionalId, new ProducerIdentity(request.ProducerId, request.ProducerEpoch), [], [group], context.Version)
            : ErrorCode.InvalidGroupId,
    };

    protected override IKafkaMessage Refuse(HandlerContext context, AddOffsetsToTxnRequest request, ErrorCode error) =>
        new AddOffsetsToTxnResponse { ErrorCode = error };
}
