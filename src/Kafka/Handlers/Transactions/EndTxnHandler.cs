using Loire.Grains.Interfaces.Transactions;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>
/// EndTxn 0 to 5: commits or aborts. Version 5 is the second dialect (KIP-890): the end raises the producer's epoch, and the answer has its new identity.
/// </summary>
/// <param name="coordinators">Asks the coordinators of transactions.</param>
internal sealed class EndTxnHandler(Coordinators coordinators) : KafkaHandler<EndTxnRequest>(ApiKey.EndTxn, 0, 5)
{
    private const short FirstOfSecondDialect = 5;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, EndTxnRequest request)
    {
        var end = new EndTransactionRequest(
            new ProducerIdentity(request.ProducerId, request.ProducerEpoch), request.Committed,
            context.Version < FirstOfSecondDialect ? TransactionVersion.V1 : TransactionVersion.V2);
        var result = await coordinators.AskAsync(
            request.TransactionalId, grain => grain.End(end), static error => new EndTransactionResult(error, ProducerIdentity.None, null));
        return new EndTxnResponse
        {
            ErrorCode = Coordinators.Told(result.Error, context.Version, Coordinators.FirstThatKnowsFencing),
            ProducerId = result.Producer.Id,
            ProducerEpoch = result.Producer.Epoch,
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, EndTxnRequest request, ErrorCode error) => new EndTxnResponse { ErrorCode = error };
}
