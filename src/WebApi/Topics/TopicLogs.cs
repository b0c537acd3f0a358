using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.WebApi.Topics;

/// <summary>Describes a topic together with what its partitions have reported of their logs.</summary>
internal static class TopicLogs
{
    /// <summary>Asks the topic. Reports that cannot be read, as from a node of an earlier version, only make the description shorter.</summary>
    public static async Task<(TopicResult Topic, PartitionLogDescription[] Logs)> DescribeAsync(IGrainFactory grains, TopicName topic)
    {
        var grain = grains.GetGrain<ITopicGrain>(topic.Value);
        var described = await grain.Describe();
        try
        {
            return (described, described.Error == ErrorCode.None ? (await grain.DescribeLogs()).Logs : []);
        }
        catch (Exception)
        {
            return (described, []);
        }
    }
}
