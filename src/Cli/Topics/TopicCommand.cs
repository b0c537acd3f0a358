using System.CommandLine;
using Loire.Cli.CommandLine;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic</c>.</summary>
internal static class TopicCommand
{
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
