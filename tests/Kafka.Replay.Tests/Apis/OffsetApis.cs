using System.Text.Json.Nodes;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Topics;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Model;
using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Kafka.Replay.Tests.Apis;

/// <summary>The committed offsets of groups.</summary>
internal sealed class OffsetApis(IGrainFactory grains, TopicDirectory topics)
{
    private const int FirstTransactionalOfSecondDialect = 5;
    private const int FirstFetchById = 10;

    public Task<JsonNode> CommitAsync(int version, JsonObject body) => StoreAsync(body, async (group, commit) =>
    {
        var result = await group.Commit(commit);
        var error = result.Error == ErrorCode.StaleMemberEpoch && version < 9 ? ErrorCode.UnsupportedVersion : result.Error;
        if (error == ErrorCode.UnknownMemberId && commit.MemberEpoch >= 0 && (await group.Describe()).Error == ErrorCode.GroupIdNotFound)
        {
            error = version < 9 ? ErrorCode.IllegalGeneration : ErrorCode.GroupIdNotFound;
        }

        return result with { Error = error };
    });

    public Task<JsonNode> CommitInTransactionAsync(int version, JsonObject body) => StoreAsync(body, async (group, commit) =>
    {
        var dialect = version < FirstTransactionalOfSecondDialect ? TransactionVersion.V1 : TransactionVersion.V2;
        var producer = new ProducerIdentity(body.Long("producerId"), (short)body.Int("producerEpoch"));
        var result = await group.CommitInTransaction(new TransactionalCommitRequest(body.Text("transactionalId")!, producer, dialect, commit));
        return result with
        {
            Error = result.Error switch
            {
                ErrorCode.CoordinatorLoadInProgress when version < 2 => ErrorCode.CoordinatorNotAvailable,
                ErrorCode.InvalidTxnState when version == FirstTransactionalOfSecondDialect - 1 => ErrorCode.TransactionAbortable,
                var error => error,
            },
        };
    });

    public async Task<JsonNode> FetchAsync(int version, JsonObject body)
    {
        var answer = version < 8 ? (await FetchGroupAsync(version, body, body.Flag("requireStable"))).AsObject() : new JsonObject();
        answer["throttleTimeMs"] = 0;
        answer["groups"] = await body.Items("groups").EachAsync(group => FetchGroupAsync(version, group, body.Flag("requireStable")));
        return answer;
    }

    private async Task<JsonNode> StoreAsync(JsonObject body, Func<IGroupGrain, CommitRequest, Task<CommitResult>> store)
    {
        List<(JsonNode Topic, TopicDescription? Found)> entries = [];
        List<CommittedOffset> offsets = [];
        foreach (var entry in body.Items("topics"))
        {
            var topic = await topics.FindAsync(entry);
            entries.Add((entry, topic));
            offsets.AddRange(entry.Items("partitions").Where(partition => KeyOf(topic, partition) is not null).Select(partition => new CommittedOffset(
                new TopicPartition(topic!.Name, partition.Int("partitionIndex")), partition.Long("committedOffset"),
                new LeaderEpoch(partition.Int("committedLeaderEpoch")), partition.Text("committedMetadata") ?? "", Timestamp.None, topic.Id)));
        }

        var result = new CommitResult(ErrorCode.None, [], null);
        if (!GroupId.TryParse(body.Text("groupId"), out var group, out string? _))
        {
            result = new CommitResult(ErrorCode.InvalidGroupId, [], null);
        }
        else if (offsets.Count > 0)
        {
            result = await store(grains.GetGrain<IGroupGrain>(group.Value), new CommitRequest(
                GroupApis.MemberOf(body), body.Int("generationIdOrMemberEpoch"), [.. offsets], GroupApis.InstanceOf(body)));
        }

        return new JsonObject
        {
            ["throttleTimeMs"] = 0,
            ["topics"] = entries.Select(entry => new JsonObject
            {
                [NameField(entry.Topic)] = entry.Topic.Text(NameField(entry.Topic)),
                ["partitions"] = entry.Topic.Items("partitions").Select(partition => new JsonObject
                {
                    ["partitionIndex"] = partition.Int("partitionIndex"),
                    ["errorCode"] = (int)ErrorOf(entry.Topic, entry.Found, partition, result),
                }).ToJson(),
            }).ToJson(),
        };
    }

    private static ErrorCode ErrorOf(JsonNode entry, TopicDescription? topic, JsonNode partition, CommitResult result) =>
        KeyOf(topic, partition) is not { } key ? Unknown(entry, topic)
        : result.Error != ErrorCode.None ? result.Error
        : result.Refused.FirstOrDefault(refused => refused.Partition == new TopicPartition(key.Topic, key.Partition)).Error;

    /// <summary>The field by which an entry of a request names its topic.</summary>
    private static string NameField(JsonNode entry) => entry["topicId"] is null ? "name" : "topicId";

    private static PartitionKey? KeyOf(TopicDescription? topic, JsonNode partition) => TopicDirectory.KeyOf(topic, partition.Int("partitionIndex"));

    private static ErrorCode Unknown(JsonNode entry, TopicDescription? topic) =>
        topic is null && entry["topicId"] is not null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;

    private async Task<JsonNode> FetchGroupAsync(int version, JsonNode body, bool requireStable)
    {
        // No group has an id that is not legal, so it has no offsets either.
        var result = GroupId.TryParse(body.Text("groupId"), out var id, out string? _)
            ? await grains.GetGrain<IGroupGrain>(id.Value).Offsets(null)
            : new OffsetsResult(ErrorCode.None, []);
        var offsets = result.Offsets.ToDictionary(offset => offset.Partition);
        HashSet<TopicPartition> unstable = [.. requireStable ? result.Pending ?? [] : []];
        var inPartitions = version < 2 ? result.Error : ErrorCode.None;
        return new JsonObject
        {
            ["groupId"] = body.Text("groupId"),
            ["errorCode"] = (int)result.Error,
            ["topics"] = body["topics"] is null
                ? await offsets.Keys.Concat(unstable).GroupBy(partition => partition.Topic).Select(topic => new JsonObject
                {
                    ["name"] = topic.Key.Value,
                    ["partitionIndexes"] = topic.Distinct().Select(partition => JsonValue.Create(partition.Partition)).ToJson(),
                }).EachAsync(OffsetsAsync)
                : await body.Items("topics").EachAsync(OffsetsAsync),
        };

        async Task<JsonNode> OffsetsAsync(JsonNode entry)
        {
            var topic = await topics.FindAsync(entry);
            return new JsonObject
            {
                [version < FirstFetchById ? "name" : "topicId"] =
                    version < FirstFetchById ? entry.Text("name") : entry.Text("topicId") ?? TopicDirectory.IdOf(topic?.Id ?? default),
                ["partitions"] = entry.Items("partitionIndexes").Select(index =>
                {
                    TopicPartition? partition = topic is null ? null : new TopicPartition(topic.Name, index.GetValue<int>());
                    var isUnstable = partition is { } asked && unstable.Contains(asked);
                    var stored = partition is { } found && !isUnstable && offsets.TryGetValue(found, out var offset) && offset.IsOf(topic!.Id)
                        ? offset
                        : new CommittedOffset(default, Offset.None, LeaderEpoch.None, "", Timestamp.None);
                    return new JsonObject
                    {
                        ["partitionIndex"] = index.GetValue<int>(),
                        ["committedOffset"] = stored.Offset.Value,
                        ["committedLeaderEpoch"] = stored.LeaderEpoch.Value,
                        ["metadata"] = stored.Metadata,
                        ["errorCode"] = (int)(isUnstable ? ErrorCode.UnstableOffsetCommit
                            : topic is null && entry["topicId"] is not null ? ErrorCode.UnknownTopicId
                            : inPartitions),
                    };
                }).ToJson(),
            };
        }
    }
}
