using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Transactions;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>
/// InitProducerId 0 to 5: an identity for an idempotent producer, or for one of transactions. Without a transactional id each request gets a new id, whatever identity
/// it has; with one, the identity that a request has from version 3 on is the one to be raised (KIP-360).
/// </summary>
/// <param name="grains">Gives ids.</param>
/// <param name="coordinators">Asks the coordinators of transactions.</param>
internal sealed class InitProducerIdHandler(IGrainFactory grains, Coordinators coordinators) : KafkaHandler<InitProducerIdRequest>(ApiKey.InitProducerId, 0, 5)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, InitProducerIdRequest request)
    {
        if ((request.ProducerId == -1) != (request.ProducerEpoch == -1))
        {
            return Failed(ErrorCode.InvalidRequest);
        }

        if (request.TransactionalId is null)
        {
            return await NextAsync();
        }

        var init = new InitProducerRequest(
            TimeSpan.FromMilliseconds(request.TransactionTimeoutMs), new ProducerIdentity(request.ProducerId, request.ProducerEpoch));
        var result = await coordinators.AskAsync(
            request.TransactionalId, grain => grain.Init(init), static error => new InitProducerResult(error, ProducerIdentity.None, null));
        return Answer(Coordinators.Told(result.Error, context.Version, Coordinators.FirstInitThatKnowsFencing), result.Producer);
    }

    protected override IKafkaMessage Refuse(HandlerContext context, InitProducerIdRequest request, ErrorCode error) => Failed(error);

    private async Task<InitProducerIdResponse> NextAsync()
    {
        try
        {
            var next = await grains.GetGrain<IProducerIdGrain>(IProducerIdGrain.Key).Next();
            return Answer(Coordinators.Told(next.Error, 0, 0), next.Producer);
        }
        catch (Exception exception) when (GrainCallErrors.Of(exception) is not null)
        {
            return Failed(ErrorCode.CoordinatorNotAvailable);
        }
    }

    private static InitProducerIdResponse Failed(ErrorCode error) => Answer(error, ProducerIdentity.None);

    private static InitProducerIdResponse Answer(ErrorCode error, ProducerIdentity producer) =>
        new() { ErrorCode = error, ProducerId = producer.Id, ProducerEpoch = producer.Epoch };
}
