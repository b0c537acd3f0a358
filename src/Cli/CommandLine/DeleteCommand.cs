using System.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;

namespace Loire.Cli.CommandLine;

/// <summary>Creates <c>delete</c> commands, which ask for confirmation unless <c>--yes</c> is given.</summary>
internal static class DeleteCommand
{
    /// <param name="caller">The terminal, environment and clock.</param>
    /// <param name="noun">The kind of resource, such as <c>topic</c>.</param>
    /// <param name="contents">What is deleted with it, for the question and the help.</param>
    /// <param name="argument">The name of the resource.</param>
    /// <param name="check">Rejects invalid names.</param>
    /// <param name="pathOf">The path of a resource in the HTTP API.</param>
    /// <param name="missing">The node's error if the resource does not exist.</param>
    public static Command Create(
        Caller caller, string noun, string contents, Argument<string> argument, Func<string, string> check, Func<string, string> pathOf,
        ErrorCode missing)
    {
        var exists = new Option<bool>("--if-exists") { Description = $"Succeed if there is no such {noun}." };
        var command = new Command("delete", $"Deletes a {noun} and {contents}.") { argument, exists, YesOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = check(parsed.GetRequiredValue(argument));
            using var node = GlobalOptions.Connect(parsed, caller);
            try
            {
                // A mistyped name is reported before the question.
                await node.GetAsync(pathOf(name), cancellation);
                caller.Terminal.Confirm($"Delete {noun} {name} and {contents}?", parsed.GetValue(YesOption.Instance));
                await node.SendAsync(HttpMethod.Delete, pathOf(name), null, cancellation);
            }
            catch (NodeException exception) when (exception.Error == missing && parsed.GetValue(exists))
            {
                return 0;
            }

            caller.Terminal.Note($"deleted {noun} {name}");
            return 0;
        });
        return command;
    }
}
