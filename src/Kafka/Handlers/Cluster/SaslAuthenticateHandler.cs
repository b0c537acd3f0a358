using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers.Cluster;

/// <summary>SaslAuthenticate 0 to 2, on a listener without authentication: refused, as there was no handshake.</summary>
internal sealed class SaslAuthenticateHandler() : KafkaHandler<SaslAuthenticateRequest>(ApiKey.SaslAuthenticate, 0, 2)
{
    protected override ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, SaslAuthenticateRequest request) =>
        new(Refuse(context, request, ErrorCode.IllegalSaslState));

    protected override IKafkaMessage Refuse(HandlerContext context, SaslAuthenticateRequest request, ErrorCode error) =>
        new SaslAuthenticateResponse { ErrorCode = error, ErrorMessage = "This listener has no authentication." };
}
