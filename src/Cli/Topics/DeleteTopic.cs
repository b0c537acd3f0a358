using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic delete</c>.</summary>
internal static class DeleteTopic
{
    public static Command Create(Caller caller)
    {
        var name = TopicArgument.Create(caller);
        var exists = new Option<bool>("--if-exists") { Description = "Succeed if there is no such topic." };
        var command = new Command("delete", "Deletes a topic and its data.") { name, exists, YesOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            using var node = GlobalOptions.Connect(parsed, caller);
            try
            {
                // A mistyped name is told before the question.
                await node.GetAsync(NodeClient.TopicPath(topic), cancellation);
                caller.Terminal.Confirm($"Delete topic {topic} and all its records?", parsed.GetValue(YesOption.Instance));
                await node.SendAsync(HttpMethod.Delete, NodeClient.TopicPath(topic), null, cancellation);
            }
            catch (NodeException exception) when (exception.Error == ErrorCode.UnknownTopicOrPartition && parsed.GetValue(exists))
            {
                return 0;
            }

            caller.Terminal.Note($"deleted topic {topic}");
            return 0;
        });
        return command;
    }
}
