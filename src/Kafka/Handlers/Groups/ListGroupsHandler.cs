using System.Globalization;
using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Handlers.Topics;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// ListGroups 0 to 5: all groups of the cluster, whichever node is asked, by state (version 4, KIP-518) and by type (version 5: <c>classic</c> or <c>consumer</c>). A state or
/// type that does not exist matches nothing; case does not matter. Only a group itself knows its state and what it is used for, so every group is asked.
/// </summary>
/// <param name="grains">Reaches the catalog.</param>
/// <param name="groups">Calls the groups.</param>
internal sealed class ListGroupsHandler(IGrainFactory grains, GroupCalls groups) : KafkaHandler<ListGroupsRequest>(ApiKey.ListGroups, 0, 5)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ListGroupsRequest request)
    {
        var states = request.StatesFilter.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var types = request.TypesFilter.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var gone = context.Gone;
        List<ListGroupsResponse.Group> listed = [];
        for (var shard = 0; shard < IGroupCatalogGrain.Shards; shard++)
        {
            var (error, ids) = await ListAsync(shard, gone);
            if (error != ErrorCode.None)
            {
                return Refuse(context, request, error);
            }

            var described = await TopicDirectory.EachAsync(ids, id =>
            {
                gone.ThrowIfCancellationRequested();
                return groups.CallAsync(id.Value, static group => group.Describe(), static error => new GroupResult(error, null));
            });
            if (Array.Find(described, one => one.Error is not (ErrorCode.None or ErrorCode.GroupIdNotFound)) is { } failed)
            {
                return Refuse(context, request, failed.Error);
            }

            listed.AddRange(described.Where(one => one.Group is not null).Select(one => Answer(one.Group!))
                .Where(group => (states.Count == 0 || states.Contains(group.GroupState)) && (types.Count == 0 || types.Contains(group.GroupType))));
        }

        return new ListGroupsResponse { Groups = [.. listed] };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, ListGroupsRequest request, ErrorCode error) =>
        new ListGroupsResponse { ErrorCode = GroupCalls.ForClient(error) };

    private async Task<(ErrorCode Error, List<GroupId> Ids)> ListAsync(int shard, CancellationToken gone)
    {
        var catalog = grains.GetGrain<IGroupCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture));
        List<GroupId> ids = [];
        try
        {
            while (true)
            {
                gone.ThrowIfCancellationRequested();
                var page = await catalog.List(ids.Count == 0 ? "" : ids[^1].Value, Limits.GroupsPerPage);
                ids.AddRange(page.GroupIds ?? []);
                if (page.Error != ErrorCode.None || !page.HasMore)
                {
                    return (page.Error, ids);
                }
            }
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is { } error)
        {
            return (error, ids);
        }
    }

    private static ListGroupsResponse.Group Answer(GroupDescription group) => new()
    {
        GroupId = group.GroupId.Value,
        ProtocolType = group.ProtocolType,
        GroupState = group.Phase.ToString(),
        GroupType = group.Kind == GroupKind.Classic ? "classic" : "consumer",
    };
}
