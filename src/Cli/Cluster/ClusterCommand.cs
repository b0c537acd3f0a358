using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;

namespace Loire.Cli.Cluster;

/// <summary><c>loire cluster</c>: the brokers of a cluster, whichever of them is asked.</summary>
internal static class ClusterCommand
{
    private const string Path = "v1/brokers";

    private static readonly string[] States = ["running", "starting", "stopped", "dead"];

    public static Command Create(Caller caller) => new("cluster", "Show the cluster, and move work between its brokers.")
    {
        Status(caller),
        Brokers(caller),
        Describe(caller),
        Drain(caller),
        Rebalance(caller),
        Remove(caller),
        Upgrade(caller),
    };

    private static Command Status(Caller caller)
    {
        var command = new Command("status", "Counts the brokers by their state.") { OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var brokers = await ReadAsync(node, cancellation);
            var status = new JsonObject
            {
                ["cluster_id"] = brokers.FirstOrDefault()?["cluster_id"]?.DeepClone(),
                ["feature_level"] = brokers.FirstOrDefault()?["feature_level"]?.DeepClone(),
                ["brokers"] = brokers.Count,
            };
            foreach (var state in States)
            {
                status[state] = brokers.Count(broker => (string?)broker["state"] == state);
            }

            Listing.WriteOne(caller.Terminal, OutputOption.Of(parsed), status, ["cluster_id", "feature_level", "brokers", .. States]);
            if (HigherLevel(brokers) is { } level)
            {
                caller.Terminal.Note(string.Create(
                    CultureInfo.InvariantCulture,
                    $"all brokers support feature level {level}; 'loire cluster upgrade' raises it, and no earlier version can join then"));
            }

            return 0;
        });
        return command;
    }

    private static Command Brokers(Caller caller)
    {
        var command = new Command("brokers", "Lists the brokers, sorted by id.") { OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var brokers = await ReadAsync(node, cancellation);
            Listing.Write(
                caller.Terminal, OutputOption.Of(parsed), brokers, "broker_id", "state", "epoch", "rack", "host", "port", "silo", "version");
            return 0;
        });
        return command;
    }

    private static Command Describe(Caller caller)
    {
        var id = new Argument<int>("broker") { Description = "The broker's id." };
        var command = new Command("describe", "Shows a broker.") { id, OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var path = string.Create(CultureInfo.InvariantCulture, $"{Path}/{parsed.GetRequiredValue(id)}");
            var broker = (JsonObject)(await node.GetAsync(path, cancellation))!;
            Listing.WriteOne(
                caller.Terminal, OutputOption.Of(parsed), broker,
                "cluster_id", "broker_id", "state", "epoch", "rack", "host", "port", "silo", "version", "started_at",
                "feature_level", "feature_levels");
            return 0;
        });
        return command;
    }

    private static Command Drain(Caller caller)
    {
        var id = new Argument<int>("broker") { Description = "The broker's id." };
        var command = new Command("drain", "Moves the partitions of a broker to the others, and stops it.") { id };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var broker = parsed.GetRequiredValue(id);
            await node.SendAsync(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"{Path}/{broker}:drain"), null, cancellation);
            caller.Terminal.Note(string.Create(CultureInfo.InvariantCulture, $"broker {broker} drains and then stops"));
            return 0;
        });
        return command;
    }

    private static Command Remove(Caller caller)
    {
        var id = new Argument<int>("broker") { Description = "The broker's id." };
        var command = new Command("remove", "Removes a broker that has ended for good: it is not listed and not missed any more.") { id };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            await node.SendAsync(HttpMethod.Delete, string.Create(CultureInfo.InvariantCulture, $"{Path}/{parsed.GetRequiredValue(id)}"), null, cancellation);
            return 0;
        });
        return command;
    }

    private static Command Rebalance(Caller caller)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Count what would change, and change nothing." };
        var command = new Command("rebalance", "Spreads the leadership of partitions evenly over the brokers that serve.")
        {
            dryRun,
            OutputOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var (topics, changed, failed) = (0, 0, 0);
            for (string? after = ""; after is not null;)
            {
                var request = new JsonObject { ["after"] = after, ["dry_run"] = parsed.GetValue(dryRun) };
                var page = (JsonObject)(await node.SendAsync(HttpMethod.Post, $"{Path}:rebalance", request, cancellation)).Document!;
                (topics, changed, failed) = (topics + (int)page["topics"]!, changed + (int)page["partitions_changed"]!, failed + (int)page["topics_failed"]!);
                after = (string?)page["next"];
                if (after is not null)
                {
                    caller.Terminal.Note(string.Create(CultureInfo.InvariantCulture, $"{topics} topics, up to {after}"));
                }
            }

            var total = new JsonObject { ["topics"] = topics, ["partitions_changed"] = changed, ["topics_failed"] = failed };
            Listing.WriteOne(caller.Terminal, OutputOption.Of(parsed), total, "topics", "partitions_changed", "topics_failed");
            return failed == 0 ? 0 : (int)ExitCode.Error;
        });
        return command;
    }

    private static Command Upgrade(Caller caller)
    {
        var level = new Option<int?>("--level") { Description = "The new level; by default the highest that all brokers support.", HelpName = "N" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Check whether it can be raised, and change nothing." };
        var command = new Command("upgrade", "Raises the feature level, after which no broker of an earlier version can join.")
        {
            level,
            dryRun,
            OutputOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var request = new JsonObject { ["validate_only"] = parsed.GetValue(dryRun) };
            if (parsed.GetValue(level) is { } wanted)
            {
                request["feature_level"] = wanted;
            }

            var upgraded = (JsonObject)(await node.SendAsync(HttpMethod.Post, $"{Path}:upgrade", request, cancellation)).Document!;
            Listing.WriteOne(caller.Terminal, OutputOption.Of(parsed), upgraded, "previous_feature_level", "feature_level");
            return 0;
        });
        return command;
    }

    /// <summary>The highest feature level that all brokers support, if it is higher than that of the cluster.</summary>
    private static int? HigherLevel(List<JsonObject> brokers)
    {
        var highest = brokers.Select(broker => (int?)broker["feature_levels"]?["highest"] ?? 0).DefaultIfEmpty().Min();
        return highest > ((int?)brokers.FirstOrDefault()?["feature_level"] ?? 0) ? highest : null;
    }

    private static async Task<List<JsonObject>> ReadAsync(NodeClient node, CancellationToken cancellation) =>
        [.. ((JsonArray)(await node.GetAsync(Path, cancellation))!).OfType<JsonObject>()];
}
