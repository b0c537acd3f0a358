using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Output;
using Loire.Cli.Terminals;

namespace Loire.Cli.Kafka;

/// <summary><c>loire kafka</c>: what a node serves to clients of Kafka's protocol.</summary>
internal static class KafkaCommand
{
    public static Command Create(Caller caller) => new("kafka", "Show what the node serves to Kafka's clients.") { Apis(caller) };

    private static Command Apis(Caller caller)
    {
        var command = new Command("apis", "Lists the APIs of Kafka's protocol that the node serves, with their versions.") { OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            List<JsonObject> apis = [.. ((JsonArray)(await node.GetAsync("v1/kafka/apis", cancellation))!).OfType<JsonObject>()];
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), apis, "api_key", "name", "min_version", "max_version");
            if (apis.Count == 0)
            {
                caller.Terminal.Note("the node has no endpoint for Kafka's clients; its option --kafka opens one");
            }

            return 0;
        });
        return command;
    }
}
