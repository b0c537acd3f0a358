using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Topics;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Kafka.Replay.Tests.Apis;

/// <summary>The members of classic groups, and the administration of groups.</summary>
internal sealed class GroupApis(IGrainFactory grains, TopicDirectory topics)
{
    private const int FirstSyncWithProtocol = 5;
    private const int AllOperations = 3400;

    public async Task<JsonNode> JoinAsync(int version, string clientId, JsonObject body)
    {
        var session = TimeSpan.FromMilliseconds(body.Int("sessionTimeoutMs"));
        var join = new ClassicJoin(
            MemberOf(body), InstanceOf(body), clientId, "/127.0.0.1", body.Text("protocolType")!,
            [.. body.Items("protocols").Select(one => new ClassicProtocol(one.Text("name")!, BytesOf(one, "metadata")))],
            session, body["rebalanceTimeoutMs"] is null ? session : TimeSpan.FromMilliseconds(body.Int("rebalanceTimeoutMs")), version >= 4, version >= 9);
        var answer = Find(body.Text("groupId")) is { } group
            ? await group.JoinClassic(join, CancellationToken.None)
            : ClassicJoined.Refused(ErrorCode.InvalidGroupId, body.Text("memberId")!);
        return new JsonObject
        {
            ["throttleTimeMs"] = 0,
            ["errorCode"] = (int)answer.Error,
            ["generationId"] = answer.Generation,
            ["protocolType"] = answer.ProtocolType,
            ["protocolName"] = answer.Protocol ?? (version < 7 ? "" : null),
            ["leader"] = answer.Leader,
            ["skipAssignment"] = answer.SkipsAssignment,
            ["memberId"] = answer.MemberId,
            ["members"] = answer.Members.Select(member => new JsonObject
            {
                ["memberId"] = member.MemberId.Value,
                ["groupInstanceId"] = member.InstanceId?.Value,
                ["metadata"] = Base64(member.Metadata),
            }).ToJson(),
        };
    }

    public async Task<JsonNode> SyncAsync(int version, JsonObject body)
    {
        var sync = new ClassicSync(
            KeyOf(body), body.Text("protocolType"), body.Text("protocolName"),
            [.. body.Items("assignments").Select(one => new ClassicAssignment(one.Text("memberId")!, BytesOf(one, "assignment")))]);
        var answer = Find(body.Text("groupId")) is not { } group ? ClassicSynced.Refused(ErrorCode.InvalidGroupId)
            : version >= FirstSyncWithProtocol && (sync.ProtocolType is null || sync.Protocol is null)
                ? ClassicSynced.Refused(ErrorCode.InconsistentGroupProtocol)
            : await group.SyncClassic(sync, CancellationToken.None);
        return new JsonObject
        {
            ["throttleTimeMs"] = 0,
            ["errorCode"] = (int)answer.Error,
            ["protocolType"] = answer.ProtocolType,
            ["protocolName"] = answer.Protocol,
            ["assignment"] = Base64(answer.Assignment),
        };
    }

    public async Task<JsonNode> HeartbeatAsync(JsonObject body) => new JsonObject
    {
        ["throttleTimeMs"] = 0,
        ["errorCode"] = (int)(Find(body.Text("groupId")) is { } group ? await group.HeartbeatClassic(KeyOf(body)) : ErrorCode.InvalidGroupId),
    };

    public async Task<JsonNode> LeaveAsync(int version, JsonObject body)
    {
        JsonNode[] members = version < 3 ? [body] : [.. body.Items("members")];
        var answer = Find(body.Text("groupId")) is { } group
            ? await group.LeaveClassic([.. members.Select(member => new ClassicLeaver(MemberOf(member), InstanceOf(member), member.Text("reason")))])
            : new ClassicLeft(ErrorCode.InvalidGroupId, []);
        return new JsonObject
        {
            ["throttleTimeMs"] = 0,
            ["errorCode"] = (int)(version < 3 && answer.Error == ErrorCode.None ? answer.Errors[0] : answer.Error),
            ["members"] = members.Zip(answer.Errors).Select(pair => new JsonObject
            {
                ["memberId"] = pair.First.Text("memberId"),
                ["groupInstanceId"] = pair.First.Text("groupInstanceId"),
                ["errorCode"] = (int)pair.Second,
            }).ToJson(),
        };
    }

    public async Task<JsonNode> DescribeAsync(int version, JsonObject body) => new JsonObject
    {
        ["throttleTimeMs"] = 0,
        ["groups"] = await body.Items("groups").EachAsync(async id =>
        {
            var (error, group) = Find(id.GetValue<string>()) is { } grain ? await grain.Describe() : new GroupResult(ErrorCode.GroupIdNotFound, null);
            if (group is { Kind: not GroupKind.Classic })
            {
                // Kafka tells of such a group by another request only.
                (error, group) = (ErrorCode.GroupIdNotFound, null);
            }

            return new JsonObject
            {
                ["errorCode"] = (int)(error == ErrorCode.GroupIdNotFound && version < 6 ? ErrorCode.None : error),
                ["groupId"] = id.GetValue<string>(),
                ["groupState"] = (group?.Phase ?? GroupPhase.Dead).ToString(),
                ["protocolType"] = group?.ProtocolType ?? "",
                ["protocolData"] = group?.Assignor ?? "",
                ["members"] = (group?.Members ?? []).Select(member => new JsonObject
                {
                    ["memberId"] = member.MemberId.Value,
                    ["groupInstanceId"] = member.InstanceId?.Value,
                    ["clientId"] = member.ClientId,
                    ["clientHost"] = member.Host,
                    ["memberMetadata"] = Base64(member.Classic!.Metadata),
                    ["memberAssignment"] = Base64(member.Classic.Assignment),
                }).ToJson(),
                ["authorizedOperations"] = body.Flag("includeAuthorizedOperations") ? AllOperations : int.MinValue,
            };
        }),
    };

    public async Task<JsonNode> ListAsync(JsonObject body)
    {
        var groups = new JsonArray();
        var (states, types) = (Filter(body, "statesFilter"), Filter(body, "typesFilter"));
        for (var shard = 0; shard < IGroupCatalogGrain.Shards; shard++)
        {
            var ids = await grains.GetGrain<IGroupCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture)).List("", Limits.GroupsPerPage);
            foreach (var id in ids.GroupIds)
            {
                var group = (await grains.GetGrain<IGroupGrain>(id.Value).Describe()).Group;
                var type = group?.Kind == GroupKind.Classic ? "classic" : "consumer";
                if (group is not null && (states.Count == 0 || states.Contains(group.Phase.ToString())) && (types.Count == 0 || types.Contains(type)))
                {
                    groups.Add(new JsonObject
                    {
                        ["groupId"] = id.Value,
                        ["protocolType"] = group.ProtocolType,
                        ["groupState"] = group.Phase.ToString(),
                        ["groupType"] = type,
                    });
                }
            }
        }

        return new JsonObject { ["throttleTimeMs"] = 0, ["errorCode"] = 0, ["groups"] = groups };
    }

    public async Task<JsonNode> DeleteAsync(JsonObject body) => new JsonObject
    {
        ["throttleTimeMs"] = 0,
        ["results"] = await body.Items("groupsNames").DistinctBy(id => id.GetValue<string>()).EachAsync(async id => new JsonObject
        {
            ["groupId"] = id.GetValue<string>(),
            ["errorCode"] = (int)(Find(id.GetValue<string>()) is { } group ? await group.Delete() : ErrorCode.GroupIdNotFound),
        }),
    };

    public async Task<JsonNode> DeleteOffsetsAsync(JsonObject body)
    {
        List<(JsonNode Topic, TopicDescription? Found)> entries = [];
        foreach (var entry in body.Items("topics"))
        {
            entries.Add((entry, await topics.FindAsync(entry)));
        }

        TopicPartition[] partitions = [.. entries.Where(entry => entry.Found is not null).SelectMany(entry => entry.Topic.Items("partitions")
            .Where(partition => partition.Int("partitionIndex") < entry.Found!.PartitionsCount)
            .Select(partition => new TopicPartition(entry.Found!.Name, partition.Int("partitionIndex"))))];
        var result = await Find(body.Text("groupId"))!.DeleteOffsets(partitions);
        return new JsonObject
        {
            ["errorCode"] = (int)result.Error,
            ["throttleTimeMs"] = 0,
            ["topics"] = entries.Select(entry => new JsonObject
            {
                ["name"] = entry.Topic.Text("name"),
                ["partitions"] = entry.Topic.Items("partitions").Select(partition => new JsonObject
                {
                    ["partitionIndex"] = partition.Int("partitionIndex"),
                    ["errorCode"] = (int)(entry.Found is { } topic && partition.Int("partitionIndex") < topic.PartitionsCount
                        ? result.Refused.FirstOrDefault(one => one.Partition == new TopicPartition(topic.Name, partition.Int("partitionIndex"))).Error
                        : ErrorCode.UnknownTopicOrPartition),
                }).ToJson(),
            }).ToJson(),
        };
    }

    internal static MemberId? MemberOf(JsonNode body) => body.Text("memberId") is { Length: > 0 } id ? MemberId.Parse(id) : default(MemberId?);

    internal static GroupInstanceId? InstanceOf(JsonNode body) =>
        body.Text("groupInstanceId") is { } id ? GroupInstanceId.Parse(id) : default(GroupInstanceId?);

    private IGroupGrain? Find(string? id) => GroupId.TryParse(id, out var group, out string? _) ? grains.GetGrain<IGroupGrain>(group.Value) : null;

    private static ClassicMemberKey KeyOf(JsonNode body) => new(MemberOf(body), InstanceOf(body), body.Int("generationId"));

    private static HashSet<string> Filter(JsonObject body, string name) =>
        body.Items(name).Select(one => one.GetValue<string>()).ToHashSet(StringComparer.OrdinalIgnoreCase);

    private static byte[] BytesOf(JsonNode node, string name) => Convert.FromBase64String(node.Text(name)!);

    private static string Base64(ReadOnlyMemory<byte> bytes) => Convert.ToBase64String(bytes.Span);
}
