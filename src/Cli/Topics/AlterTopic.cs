using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic alter</c>: changes settings, all of them or none.</summary>
internal static class AlterTopic
{
    public static Command Create(Caller caller)
    {
        var name = TopicArgument.Create(caller);
        var set = Settings.Option("A new value; may be repeated.");
        var reset = new Option<string[]>("--reset") { Description = "Back to the default; may be repeated.", HelpName = "NAME" };
        var validate = new Option<bool>("--validate-only") { Description = "Check, but change nothing." };
        var command = new Command(
            "alter", "Changes settings of a topic, all of them or none.") { name, set, reset, validate, OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            var changes = new JsonArray();
            foreach (var (setting, value) in Settings.Parse(parsed.GetValue(set) ?? []))
            {
                changes.Add(new JsonObject { ["name"] = setting, ["value"] = value, ["operation"] = "SET" });
            }

            foreach (var setting in parsed.GetValue(reset) ?? [])
            {
                changes.Add(new JsonObject { ["name"] = setting, ["operation"] = "DELETE" });
            }

            if (changes.Count == 0)
            {
                throw CliException.Usage("There is nothing to change.", "give --config NAME=VALUE or --reset NAME.");
            }

            using var node = GlobalOptions.Connect(parsed, caller);
            var path = $"{NodeClient.TopicPath(topic)}/configs";
            await node.SendAsync(HttpMethod.Post, $"{path}:alter",
                new JsonObject { ["data"] = changes, ["validate_only"] = parsed.GetValue(validate) }, cancellation);
            var configs = (JsonArray)(await node.GetAsync(path, cancellation))!;
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), [.. configs.OfType<JsonObject>().Select(Detach)], TopicCommand.ConfigColumns);
            return 0;
        });
        return command;
    }

    private static JsonObject Detach(JsonObject row) => (JsonObject)row.DeepClone();
}
