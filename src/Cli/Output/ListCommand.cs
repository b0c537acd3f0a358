using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.Output;

/// <summary>Creates <c>list</c> commands.</summary>
internal static class ListCommand
{
    /// <param name="caller">The terminal, environment and clock.</param>
    /// <param name="description">The help of the command.</param>
    /// <param name="path">The path of the list in the HTTP API.</param>
    /// <param name="pageSize">Rows per request.</param>
    /// <param name="columns">The members shown as columns of the table.</param>
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
