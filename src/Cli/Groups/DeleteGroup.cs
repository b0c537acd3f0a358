using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;

namespace Loire.Cli.Groups;

/// <summary><c>loire group delete</c>.</summary>
internal static class DeleteGroup
{
    public static Command Create(Caller caller)
    {
        var id = GroupArgument.Create(caller);
        var exists = new Option<bool>("--if-exists") { Description = "Succeed if there is no such group." };
        var command = new Command("delete", "Deletes a group without members, and its offsets.") { id, exists, YesOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var group = GroupArgument.Check(parsed.GetRequiredValue(id));
            using var node = GlobalOptions.Connect(parsed, caller);
            try
            {
                // A mistyped id is told before the question.
                await node.GetAsync(NodeClient.GroupPath(group), cancellation);
                caller.Terminal.Confirm($"Delete group {group} and its offsets?", parsed.GetValue(YesOption.Instance));
                await node.SendAsync(HttpMethod.Delete, NodeClient.GroupPath(group), null, cancellation);
            }
            catch (NodeException exception) when (exception.Error == ErrorCode.GroupIdNotFound && parsed.GetValue(exists))
            {
                return 0;
            }

            caller.Terminal.Note($"deleted group {group}");
            return 0;
        });
        return command;
    }
}
