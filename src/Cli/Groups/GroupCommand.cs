using System.CommandLine;
using Loire.Cli.CommandLine;

namespace Loire.Cli.Groups;

/// <summary><c>loire group</c>.</summary>
internal static class GroupCommand
{
    public static Command Create(Caller caller) => new("group", "List, describe, reset and delete consumer groups, and show their lag.")
    {
        ListGroups.Create(caller),
        DescribeGroup.Create(caller),
        GroupLag.Create(caller),
        ResetGroup.Create(caller),
        DeleteGroup.Create(caller),
    };
}
