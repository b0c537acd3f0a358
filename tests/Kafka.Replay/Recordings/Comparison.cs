using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Loire.Kafka.Replay.Recordings;

/// <summary>
/// What counts as different from a recorded answer: the meaning of the fields, and not what each broker and each run chooses anew. With an error, nothing
/// else of the same object is read. The same rule as that of the script that the recordings came with, step for step.
/// </summary>
internal static partial class Comparison
{
    /// <summary>Fields that say nothing of the behaviour.</summary>
    private static readonly HashSet<string> Ignored =
    [
        "throttleTimeMs", "errorMessage", "batchIndexErrorMessage", "host", "port", "rack", "clusterId", "nodeId", "brokerId", "controllerId", "leaderId",
        "leader_id", "replicaNodes", "isrNodes", "logAppendTimeMs", "leaderEpoch", "committedLeaderEpoch", "currentLeaderEpoch", "clientHost",
        "authorizedOperations", "clusterAuthorizedOperations", "topicAuthorizedOperations", "replicas", "isr", "coordinatorId", "finalizedFeaturesEpoch",
        "eligibleLeaderReplicas", "lastKnownElr", "heartbeatIntervalMs", "supportedFeatures", "finalizedFeatures",
    ];

    /// <summary>Fields of which only matters whether there is a value.</summary>
    private static readonly HashSet<string> Present = ["producerId", "sessionId", "topicId", "memberId", "leader", "transactionStartTimeMs"];

    private static readonly HashSet<string> NoValues = ["-1", "0", "\"\"", "null", "\"AAAAAAAAAAAAAAAAAAAAAA\""];

    /// <summary>Epochs that each broker counts as it likes; those that are not positive have a meaning.</summary>
    private static readonly HashSet<string> Epochs = ["memberEpoch", "groupEpoch", "assignmentEpoch", "targetMemberEpoch"];

    /// <summary>Arrays whose order is the broker's choice.</summary>
    private static readonly HashSet<string> Unordered =
    [
        "resultsByPartition", "resultsByTopicV3AndBelow", "configResources", "topics", "partitions", "responses", "partitionResponses", "results", "groups",
        "members", "configs", "apiKeys", "transactionStates", "topicResponses", "configEntries",
    ];

    private static readonly string[] Keys =
        ["name", "partitionIndex", "index", "topic", "groupId", "clientId", "memberId", "apiKey", "partition", "topicName", "transactionalId"];

    /// <summary>Fields of settings, of which only those that both sides have are compared.</summary>
    private static readonly HashSet<string> Settings = ["configs", "configEntries", "entries"];

    /// <summary>How an answer differs from that of a recorded step.</summary>
    /// <param name="scenario">The scenario: of lists of the whole cluster, only what it has named is compared.</param>
    /// <param name="step">The step, with its answer.</param>
    /// <param name="answer">The other answer; null if there is none.</param>
    public static IReadOnlyList<string> Differences(JsonObject scenario, JsonObject step, JsonNode? answer)
    {
        var recorded = step["answer"];
        if (recorded is JsonValue text)
        {
            var isLeftOut = text.GetValue<string>().StartsWith("left out", StringComparison.Ordinal);
            return isLeftOut || JsonNode.DeepEquals(text, answer) ? [] : [$"{Show(answer)} instead of {Show(text)}"];
        }

        if (answer is not JsonObject)
        {
            return [$"{Show(answer)} instead of an answer"];
        }

        var (api, body) = (step.Text("api"), step["body"]);
        if (api is "ListGroups" or "ListTransactions" or "ListConfigResources" || (api == "Metadata" && body?["topics"] is not JsonArray { Count: > 0 }))
        {
            var said = string.Concat(scenario.Items("steps").Select(one => one["body"]?.ToJsonString()));
            (recorded, answer) = (OfScenario(recorded!.AsObject(), said), OfScenario(answer.AsObject(), said));
        }

        var varies = step.Items("varies").Select(path => path.GetValue<string>()).ToHashSet();
        return [.. Compare(recorded, answer, varies, "", "")];
    }

    private static IEnumerable<string> Compare(JsonNode? recorded, JsonNode? answer, HashSet<string> varies, string path, string name)
    {
        if (name == "records" && IsText(recorded) && (answer is null || IsText(answer)))
        {
            // How many batches an answer holds is the broker's choice.
            var (expected, got) = (RecordedBatch.Read(recorded), RecordedBatch.Read(answer));
            var both = Math.Min(expected.Count, got.Count);
            return expected.Take(both).SequenceEqual(got.Take(both)) && expected.Count > 0 == got.Count > 0 ? []
                : [$"{path}: batches {string.Join(' ', got)} instead of {string.Join(' ', expected)}"];
        }

        if (varies.Contains(path) || Ignored.Contains(name))
        {
            return [];
        }

        if (Present.Contains(name) && recorded is not (JsonObject or JsonArray))
        {
            return IsNone(recorded) == IsNone(answer) ? [] : Different();
        }

        if ((name == "configSource" && IsDefault(recorded) && IsDefault(answer)) || (Epochs.Contains(name) && IsPositive(recorded) && IsPositive(answer)))
        {
            return [];
        }

        return (recorded, answer) switch
        {
            (JsonObject fields, JsonObject others) => CompareFields(fields, others, varies, path),
            (JsonArray items, JsonArray others) => CompareItems(items, others, varies, path, name),
            (_, null) when name == "configs" => [],
            _ => JsonNode.DeepEquals(recorded, answer) ? [] : Different(),
        };

        string[] Different() => [$"{path}: {Show(answer)} instead of {Show(recorded)}"];
    }

    private static IEnumerable<string> CompareFields(JsonObject recorded, JsonObject answer, HashSet<string> varies, string path)
    {
        var error = recorded["errorCode"] is JsonValue code ? code.GetValue<int>() : 0;
        var isRefused = error != 0 && JsonNode.DeepEquals(recorded["errorCode"], answer["errorCode"]);
        foreach (var (name, value) in recorded)
        {
            if (isRefused && value is not (JsonObject { Count: > 0 } or JsonArray { Count: > 0 }) && !(name == "memberId" && error == 79))
            {
                continue;
            }

            if (!answer.ContainsKey(name))
            {
                yield return $"{path}.{name} missing";
                continue;
            }

            foreach (var difference in Compare(value, answer[name], varies, Join(path, name), name))
            {
                yield return difference;
            }
        }
    }

    private static IEnumerable<string> CompareItems(JsonArray recorded, JsonArray answer, HashSet<string> varies, string path, string name)
    {
        List<JsonNode?> expected = [.. recorded], got = [.. answer];
        if (Settings.Contains(name) && expected.Concat(got).All(item => item is JsonObject setting && setting.ContainsKey("name")))
        {
            KeepShared(expected, got, "name");
        }
        else if (name == "apiKeys")
        {
            KeepShared(expected, got, "apiKey");
            (expected, got) = ([.. expected.Select(item => item!["apiKey"])], [.. got.Select(item => item!["apiKey"])]);
        }

        if (expected.Count != got.Count)
        {
            return [$"{path}: {got.Count} instead of {expected.Count}"];
        }

        if (Unordered.Contains(name))
        {
            (expected, got) = ([.. expected.OrderBy(Key, StringComparer.Ordinal)], [.. got.OrderBy(Key, StringComparer.Ordinal)]);
        }

        return expected.Zip(got).SelectMany((pair, index) => Compare(pair.First, pair.Second, varies, Join(path, $"{index}"), $"{index}"));
    }

    private static void KeepShared(List<JsonNode?> expected, List<JsonNode?> got, string key)
    {
        var shared = expected.Select(item => Show(item![key])).Intersect(got.Select(item => Show(item![key]))).ToHashSet();
        expected.RemoveAll(item => !shared.Contains(Show(item![key])));
        got.RemoveAll(item => !shared.Contains(Show(item![key])));
    }

    private static string Key(JsonNode? item)
    {
        foreach (var name in item is JsonObject ? Keys : [])
        {
            if (item![name] is JsonValue value && value.ToString() is { Length: > 0 } text)
            {
                // Members of one client have no other order than that of their ids, which are random.
                return RandomEnd().Replace(text, "") + (name != "clientId" ? "" : Start(item["memberId"]?.ToString() ?? "None", 12));
            }
        }

        return Sorted(item)?.ToJsonString() ?? "null";
    }

    /// <summary>A copy with the fields of all objects in the order of their names.</summary>
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(field => field.Key, StringComparer.Ordinal)
            .Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray items => items.Select(Sorted).ToJson(),
        _ => node?.DeepClone(),
    };

    private static JsonObject OfScenario(JsonObject answer, string said) => new(answer.Select(field => KeyValuePair.Create(
        field.Key,
        field is { Key: "groups" or "topics" or "transactionStates", Value: JsonArray items }
            ? new JsonArray([.. items.Where(item => IsNamed(item!, said)).Select(item => item!.DeepClone())])
            : field.Value?.DeepClone())));

    private static bool IsNamed(JsonNode item, string said) =>
        new[] { "name", "groupId", "transactionalId" }.Any(field => item[field] is { } id && said.Contains($"\"{id}\"", StringComparison.Ordinal));

    private static bool IsText(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out _);

    private static bool IsNone(JsonNode? node) => NoValues.Contains(node?.ToJsonString() ?? "null");

    private static bool IsDefault(JsonNode? node) => node is JsonValue value && value.TryGetValue<int>(out var source) && source is 3 or 4 or 5;

    private static bool IsPositive(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var epoch) && epoch > 0;

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Show(JsonNode? node) => Start(node?.ToJsonString() ?? "null", 80);

    private static string Start(string text, int length) => text.Length <= length ? text : text[..length];

    [GeneratedRegex("-?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}$")]
    private static partial Regex RandomEnd();
}
