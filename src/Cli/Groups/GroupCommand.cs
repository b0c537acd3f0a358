using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Model;

namespace Loire.Cli.Groups;

/// <summary><c>loire group</c>.</summary>
internal static class GroupCommand
{
    public static Command Create(Caller caller) => new("group", "List, describe, reset and delete consumer groups, and show their lag.")
    {
        ListCommand.Create(caller, "Lists the groups, sorted by id.", GroupArgument.List, Limits.GroupsPerPage, "group_id"),
        DescribeGroup.Create(caller),
        GroupLag.Create(caller),
        ResetGroup.Create(caller),
        DeleteOffsets.Create(caller),
        DeleteCommand.Create(
            caller, "group", "its offsets", GroupArgument.Create(caller), GroupArgument.Check, NodeClient.GroupPath,
            ErrorCode.GroupIdNotFound),
    };
}
