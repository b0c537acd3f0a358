using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Cluster;

/// <summary>
/// DescribeCluster 0 to 1 (KIP-700): the brokers that clients can reach. There are no controllers apart from them, so whoever asks for those is at the wrong place.
/// </summary>
/// <param name="brokers">The brokers.</param>
internal sealed class DescribeClusterHandler(Brokers brokers) : KafkaHandler<DescribeClusterRequest>(ApiKey.DescribeCluster, 0, 1)
{
    private const sbyte OfBrokers = 1;
    private const sbyte OfControllers = 2;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DescribeClusterRequest request)
    {
        if (request.EndpointType != OfBrokers)
        {
            return Refuse(context, request, request.EndpointType == OfControllers ? ErrorCode.MismatchedEndpointType : ErrorCode.UnsupportedEndpointType);
        }

        var cluster = await brokers.FindAsync(context.Connection.Advertised);
        return new DescribeClusterResponse
        {
            ClusterId = cluster.ClusterId,
            ControllerId = cluster.ControllerId,
            Brokers = [.. cluster.All.Select(broker => new DescribeClusterResponse.Broker
            {
                BrokerId = broker.Id, Host = broker.Address.Host, Port = broker.Address.Port, Rack = broker.Rack,
            })],
            ClusterAuthorizedOperations =
                request.IncludeClusterAuthorizedOperations ? AuthorizedOperations.OfCluster : AuthorizedOperations.NotAsked,
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, DescribeClusterRequest request, ErrorCode error) =>
        new DescribeClusterResponse { ErrorCode = error, ErrorMessage = ErrorCodes.Describe(error).Text };
}
