using System.Text.Json.Nodes;

namespace Loire.Kafka.Replay.Tests.Captures;

/// <summary>Finds in two answers to the same request the objects that are about the same thing.</summary>
/// <param name="translate">What stands here for a recorded value, such as an id.</param>
internal sealed class AnswerPairs(Func<JsonNode, JsonNode> translate)
{
    private static readonly string[] Keys =
        ["name", "topic", "topicId", "partitionIndex", "partition", "index", "groupId", "groupInstanceId", "memberId", "transactionalId", "key", "resourceName"];

    /// <summary>All pairs, from the answers themselves inwards. What only one of the two has is left out.</summary>
    public IEnumerable<(string Path, JsonObject Recorded, JsonObject Got)> Of(JsonNode? recorded, JsonNode? got, string path = "")
    {
        switch (recorded, got)
        {
            case (JsonObject fields, JsonObject others):
                yield return (path, fields, others);
                foreach (var pair in fields.SelectMany(field => Of(field.Value, others[field.Key], $"{path}.{field.Key}")))
                {
                    yield return pair;
                }

                break;
            case (JsonArray items, JsonArray others):
                // A member whose id is not known yet is one that is left when all others have been found.
                List<JsonNode?> left = [.. others];
                foreach (var (index, item, key) in items.Select((item, index) => (index, item, KeyOf(item))).OrderBy(one => one.Item3 == "memberId" && !IsKnown(one.item!)))
                {
                    var found = key is null ? left.FirstOrDefault()
                        : left.Find(other => JsonNode.DeepEquals(translate(item![key]!), other?[key]))
                        ?? (key == "memberId" ? left.Find(other => JsonNode.DeepEquals(item!["clientId"], other?["clientId"])) : null);
                    left.Remove(found);
                    foreach (var pair in Of(item, found, $"{path}.{(key is null ? index : item![key])}"))
                    {
                        yield return pair;
                    }
                }

                break;
        }
    }

    private static string? KeyOf(JsonNode? item) => Keys.FirstOrDefault(name => item is JsonObject && item[name] is not null);

    private bool IsKnown(JsonNode member) => !ReferenceEquals(translate(member["memberId"]!), member["memberId"]);
}
