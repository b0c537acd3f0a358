using System.Text.Json.Nodes;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Model;

namespace Loire.Kafka.Replay.Tests.Apis;

/// <summary>Finds topics and their partitions.</summary>
internal sealed class TopicDirectory(IGrainFactory grains)
{
    /// <summary>The topic of a name; null if it does not exist.</summary>
    public async Task<TopicDescription?> FindAsync(string? name) =>
        TopicName.TryParse(name, out var topic, out string? _) ? (await grains.GetGrain<ITopicGrain>(topic.Value).Describe()).Topic : null;

    /// <summary>The topic that an entry of a request names, in newer versions by its id; null if it does not exist.</summary>
    public async Task<TopicDescription?> FindAsync(JsonNode entry)
    {
        if (entry["topicId"] is null)
        {
            return await FindAsync(entry.Text("name") ?? entry.Text("topic"));
        }

        var (catalog, after) = (grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key), "");
        while (true)
        {
            var page = await catalog.List(after, Limits.TopicsPerPage);
            foreach (var name in page.Names)
            {
                if (await FindAsync(name.Value) is { } topic && IdOf(topic.Id) == entry.Text("topicId"))
                {
                    return topic;
                }
            }

            if (!page.HasMore)
            {
                return null;
            }

            after = page.Names[^1].Value;
        }
    }

    /// <summary>A partition; null if it does not exist.</summary>
    public IPartitionGrain? Partition(TopicDescription? topic, int partition) =>
        KeyOf(topic, partition) is { } key ? grains.GetGrain<IPartitionGrain>(key.ToString()) : null;

    public static PartitionKey? KeyOf(TopicDescription? topic, int partition) =>
        topic is not null && partition >= 0 && partition < topic.PartitionsCount ? new PartitionKey(topic.Name, topic.Id, partition) : null;

    /// <summary>Kafka's form of a topic's id: URL-safe base64.</summary>
    public static string IdOf(TopicId id) =>
        Convert.ToBase64String(id.Value.ToByteArray(bigEndian: true)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
