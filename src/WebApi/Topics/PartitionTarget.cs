using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Topics;

/// <summary>The partition that a path names. Its grain's key holds the topic's id, so the topic is asked once for each request.</summary>
internal sealed record PartitionTarget(TopicDescription Topic, int Partition, IPartitionGrain Grain)
{
    public static async ValueTask<(PartitionTarget? Target, ApiProblem? Problem)> FindAsync(HttpContext context, IGrainFactory grains)
    {
        var problem = RouteReader.TryReadTopic(context, out var name) ?? RouteReader.TryReadPartition(context, out _);
        if (problem is not null)
        {
            return (null, problem);
        }

        RouteReader.TryReadPartition(context, out var partition);
        var result = await grains.GetGrain<ITopicGrain>(name.Value).Describe();
        return result.Error != ErrorCode.None ? (null, result.Problem())
            : partition >= result.Topic!.PartitionsCount ? (null, Unknown(result.Topic))
            : (new PartitionTarget(result.Topic, partition, GrainOf(grains, result.Topic, partition)), null);
    }

    public static IPartitionGrain GrainOf(IGrainFactory grains, TopicDescription topic, int partition) =>
        grains.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, partition).ToString());

    public static ApiProblem Unknown(TopicDescription topic) => new(
        ErrorCode.UnknownTopicOrPartition,
        topic.PartitionsCount == 1 ? "The topic has only partition 0." : $"The topic has the partitions 0 to {topic.PartitionsCount - 1}.");
}
