using System.CommandLine;
using Loire.Cli.CommandLine;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic</c>.</summary>
internal static class TopicCommand
{
    /// <summary>What a table shows of a topic.</summary>
    public static readonly string[] Members = ["topic_name", "topic_id", "partitions_count", "replication_factor"];

    public static Command Create(Caller caller) => new("topic", "List, create, describe, alter and delete topics.")
    {
        ListTopics.Create(caller),
        CreateTopic.Create(caller),
        DescribeTopic.Create(caller),
        AlterTopic.Create(caller),
        DeleteTopic.Create(caller),
        AddPartitions.Create(caller),
    };
}
