using System.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;

namespace Loire.Cli.CommandLine;

/// <summary>A <c>delete</c>, which asks first unless it is told not to.</summary>
internal static class DeleteCommand
{
    /// <param name="caller">Who is asked.</param>
    /// <param name="noun">What is deleted, such as <c>topic</c>.</param>
    /// <param name="contents">What is lost with it.</param>
    /// <param name="argument">Its name.</param>
    /// <param name="check">Refuses a name that can be none.</param>
    /// <param name="pathOf">Where the node has it.</param>
    /// <param name="missing">What the node says if there is none.</param>
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
                // A mistyped name is told before the question.
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
