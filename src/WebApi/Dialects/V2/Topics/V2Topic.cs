using Loire.Grains.Interfaces.Topics;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Dialects.V2.Topics;

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
            ErrorCode.UnknownTopicOrPartition => (null, V2Error.TopicNotFound),
            _ => (null, V2Error.From(result.Error, result.Detail)),
        };
    }

    public static async ValueTask<(TopicDescription? Topic, int Partition, V2Error? Error)> FindPartitionAsync(
        HttpContext context, IGrainFactory grains)
    {
        var (topic, error) = await FindAsync(context, grains);
        return topic is null ? (null, 0, error)
            : RouteReader.TryReadPartition(context, out var partition) is not null || partition >= topic.PartitionsCount
                ? (null, 0, V2Error.PartitionNotFound)
            : (topic, partition, null);
    }
}
