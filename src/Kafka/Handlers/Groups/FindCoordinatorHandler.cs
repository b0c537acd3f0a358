using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// FindCoordinator 0 to 6: this node, for every group and every transactional id. It is a hint only: any node serves any group. Until version 3 a request has one key,
/// and the answer's fields are its own; from version 4 on each key has an answer (KIP-699). Key types: 0 a group, 1 a transactional id; 2, a share group
/// (version 6), has no coordinator here.
/// </summary>
/// <param name="options">Says who the node is.</param>
internal sealed class FindCoordinatorHandler(IOptions<KafkaEndpointOptions> options)
    : KafkaHandler<FindCoordinatorRequest>(ApiKey.FindCoordinator, 0, 6)
{
    private const sbyte Group = 0;
    private const sbyte Transaction = 1;
    private const sbyte Share = 2;
    private const int FirstWithShares = 6;

    protected override ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, FindCoordinatorRequest request)
    {
        if (request.KeyType is not (Group or Transaction))
        {
            return new(Refuse(context, request, request.KeyType == Share && context.Version >= FirstWithShares ? ErrorCode.CoordinatorNotAvailable : ErrorCode.InvalidRequest));
        }

        var (id, address) = (options.Value.NodeId, context.Connection.Advertised);
        return new(new FindCoordinatorResponse
        {
            ErrorMessage = "",
            NodeId = id,
            Host = address.Host,
            Port = address.Port,
            Coordinators = Array.ConvertAll(request.CoordinatorKeys, key => new FindCoordinatorResponse.Coordinator
            {
                Key = key,
                NodeId = id,
                Host = address.Host,
                Port = address.Port,
                ErrorMessage = "",
            }),
        });
    }

    protected override IKafkaMessage Refuse(HandlerContext context, FindCoordinatorRequest request, ErrorCode error)
    {
        var text = ErrorCodes.Describe(error).Text;
        return new FindCoordinatorResponse
        {
            ErrorCode = error,
            ErrorMessage = text,
            NodeId = -1,
            Port = -1,
            Coordinators = Array.ConvertAll(request.CoordinatorKeys, key => new FindCoordinatorResponse.Coordinator
            {
                Key = key,
                ErrorCode = error,
                ErrorMessage = text,
                NodeId = -1,
                Port = -1,
            }),
        };
    }
}
