using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic create</c>.</summary>
internal static class CreateTopic
{
    public static Command Create(Caller caller)
    {
        var name = new Argument<string>("topic") { Description = "The new topic's name." };
        var partitions = new Option<int?>("--partitions", "-p")
        {
            Description = "Number of partitions; by default the node's setting.",
            HelpName = "N",
        };
        var replication = new Option<short?>("--replication-factor", "-r") { Description = "Copies of each partition.", HelpName = "N" };
        var configs = Settings.Option("A setting; may be repeated.");
        var exists = new Option<bool>("--if-not-exists") { Description = "Succeed if the topic exists already." };
        var validate = new Option<bool>("--validate-only") { Description = "Check, but create nothing." };
        var command = new Command(
            "create", "Creates a topic.") { name, partitions, replication, configs, exists, validate, OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            var wanted = new JsonObject { ["topic_name"] = topic, ["validate_only"] = parsed.GetValue(validate) };
            if (parsed.GetValue(partitions) is { } count)
            {
                wanted["partitions_count"] = count;
            }

            if (parsed.GetValue(replication) is { } copies)
            {
                wanted["replication_factor"] = copies;
            }

            var settings = Settings.Parse(parsed.GetValue(configs) ?? []);
            wanted["configs"] = new JsonArray(
                [.. settings.Select(entry => new JsonObject { ["name"] = entry.Key, ["value"] = entry.Value })]);
            using var node = GlobalOptions.Connect(parsed, caller);
            JsonNode? created;
            try
            {
                created = (await node.SendAsync(HttpMethod.Post, "v1/topics", wanted, cancellation)).Document;
            }
            catch (NodeException exception) when (exception.Error == ErrorCode.TopicAlreadyExists && parsed.GetValue(exists))
            {
                created = await node.GetAsync(NodeClient.TopicPath(topic), cancellation);
            }

            Listing.WriteOne(caller.Terminal, OutputOption.Of(parsed), created as JsonObject ?? [], TopicCommand.Members);
            return 0;
        });
        return command;
    }
}
