using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Model;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic</c>.</summary>
internal static class TopicCommand
{
    /// <summary>The columns of a table of topics.</summary>
    public static readonly string[] Members = ["topic_name", "topic_id", "partitions_count", "replication_factor"];

    /// <summary>The columns of a table of settings.</summary>
    public static readonly string[] ConfigColumns = ["name", "value", "default", "source", "effective"];

    public static Command Create(Caller caller) => new("topic", "List, create, describe, alter, trim and delete topics; show the last record of a key.")
    {
        ListCommand.Create(caller, "Lists the topics, sorted by name.", TopicArgument.List, Limits.TopicsPerPage, "topic_name"),
        CreateTopic.Create(caller),
        DescribeTopic.Create(caller),
        AlterTopic.Create(caller),
        DeleteCommand.Create(
            caller, "topic", "all its records", TopicArgument.Create(caller), TopicArgument.Check, NodeClient.TopicPath,
            ErrorCode.UnknownTopicOrPartition),
        AddPartitions.Create(caller),
        TrimTopic.Create(caller),
        LatestRecord.Create(caller),
    };
}
