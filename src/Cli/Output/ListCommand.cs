using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.Output;

/// <summary>A <c>list</c> of all that the node has of a kind.</summary>
internal static class ListCommand
{
    /// <param name="caller">To whom it is shown.</param>
    /// <param name="description">What the command says of itself.</param>
    /// <param name="path">Where the node has the list.</param>
    /// <param name="pageSize">Rows that it gives at once.</param>
    /// <param name="columns">The columns of the table.</param>
    public static Command Create(Caller caller, string description, string path, int pageSize, params string[] columns)
    {
        var command = new Command("list", description) { OutputOption.Instance };
        command.Aliases.Add("ls");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var rows = await ListPages.ReadAsync(node, path, pageSize, int.MaxValue, cancellation);
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), rows, columns);
            return 0;
        });
        return command;
    }
}
