using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Spectre.Console;

namespace Loire.Cli.Groups;

/// <summary><c>loire group describe</c>: shows the group, its members, and its partitions with offset, lag and owner.</summary>
internal static class DescribeGroup
{
    public static Command Create(Caller caller)
    {
        var id = GroupArgument.Create(caller);
        var command = new Command("describe", "Shows a group, its members and its partitions.") { id, OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var group = GroupArgument.Check(parsed.GetRequiredValue(id));
            using var node = GlobalOptions.Connect(parsed, caller);
            var description = await node.GetAsync(NodeClient.GroupPath(group), cancellation) as JsonObject
                ?? throw NodeException.FromAnswer(200, null);
            var rows = GroupOffsets.Join(description, await GroupOffsets.ReadAsync(node, group, cancellation));
            await GroupOffsets.AddEndsAsync(node, rows, cancellation);
            var format = OutputOption.Of(parsed);
            if (format != OutputFormat.Table)
            {
                description["offsets"] = new JsonArray([.. rows]);
                Listing.WriteOne(caller.Terminal, format, description);
                return 0;
            }

            caller.Terminal.Draw(console =>
            {
                console.Write(Listing.Members(description, "group_id", "kind", "protocol_type", "phase", "epoch", "assignor"));
                console.WriteLine();
                console.Write(Listing.Table(
                    GroupOffsets.Members(description),
                    "member_id", "instance_id", "client_id", "host", "member_epoch", "assigned", "target"));
                console.WriteLine();
                console.Write(Listing.Table(rows, GroupOffsets.Columns(rows, "member_id")));
            });
            return 0;
        });
        return command;
    }
}
