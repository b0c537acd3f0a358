using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers.Cluster;

/// <summary>SaslHandshake 0 to 1, on a listener without authentication: there is no mechanism, and no state in which one could be chosen.</summary>
internal sealed class SaslHandshakeHandler() : KafkaHandler<SaslHandshakeRequest>(ApiKey.SaslHandshake, 0, 1)
{
    protected override ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, SaslHandshakeRequest request) =>
        new(Refuse(context, request, ErrorCode.IllegalSaslState));

    protected override IKafkaMessage Refuse(HandlerContext context, SaslHandshakeRequest request, ErrorCode error) =>
        new SaslHandshakeResponse { ErrorCode = error };
}
