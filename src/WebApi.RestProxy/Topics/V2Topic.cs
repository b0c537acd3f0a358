using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Requests;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.RestProxy.Topics;

/// <summary>
/// Finds what a path names. A name that no topic can have is one that does not exist, and so is a partition that is no number.
/// </summary>
internal static class V2Topic
{
    public static async ValueTask<(TopicDescription? Topic, V2Error? Error)> FindAsync(HttpContext context, IGrainFactory grains)
    {
        if (RouteReader.TryReadTopic(context, out var name) is not null)
        {
            return (null, V2Error.TopicNotFound);
        }

        var result = await grains.GetGrain<ITopicGrain>(name.Value).Describe();
        return result.Error switch
        {
            ErrorCode.None => (result.Topic, null),
            ErrorCode.UnknownTopicOrPartition => (null, NotFound(name)),
            _ => (null, V2Error.From(result.Error, result.Detail)),
        };
    }

    /// <summary>Finds the topic from the cache, to read or write its records.</summary>
    public static async ValueTask<(TopicRoutes? Topic, V2Error? Error)> FindRoutesAsync(
        HttpContext context, TopicCache topics, int partition = -1)
    {
        if (RouteReader.TryReadTopic(context, out var name) is not null)
        {
            return (null, V2Error.TopicNotFound);
        }

        var lookup = await PartitionTarget.FindAsync(topics, name, partition, context.RequestAborted);
        return lookup.Topic is not null ? (lookup.Topic, null)
            : lookup.Error == ErrorCode.UnknownTopicOrPartition ? (null, NotFound(name))
            : (null, V2Error.From(PartitionTarget.Problem(name, lookup)));
    }

    /// <summary>Finds the topic and the partition that a path names.</summary>
    public static async ValueTask<(TopicRoutes? Topic, int Partition, V2Error? Error)> FindPartitionAsync(
        HttpContext context, TopicCache topics)
    {
        var isNumber = RouteReader.TryReadPartition(context, out var partition) is null;
        var (topic, error) = await FindRoutesAsync(context, topics, isNumber ? partition : -1);
        return topic is null ? (null, 0, error)
            : !isNumber ? (null, 0, V2Error.PartitionNotFound)
            : partition >= topic.PartitionsCount ? (null, 0, V2Error.From(PartitionTarget.Unknown(topic, partition)))
            : (topic, partition, null);
    }

    private static V2Error NotFound(TopicName name) => V2Error.TopicNotFound with { Message = $"Topic {name} does not exist." };
}
