using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Model;

namespace Loire.Cli.Groups;

/// <summary><c>loire group list</c>.</summary>
internal static class ListGroups
{
    public static Command Create(Caller caller)
    {
        var command = new Command("list", "Lists the groups in the order of their ids.") { OutputOption.Instance };
        command.Aliases.Add("ls");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var rows = await ListPages.ReadAsync(node, "v1/groups", Limits.GroupsPerPage, int.MaxValue, cancellation);
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), rows, "group_id");
            return 0;
        });
        return command;
    }
}
