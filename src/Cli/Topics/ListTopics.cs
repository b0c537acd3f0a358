using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Model;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic list</c>.</summary>
internal static class ListTopics
{
    public static Command Create(Caller caller)
    {
        var command = new Command("list", "Lists the topics in the order of their names.") { OutputOption.Instance };
        command.Aliases.Add("ls");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            var rows = await ListPages.ReadAsync(node, "v1/topics", Limits.TopicsPerPage, int.MaxValue, cancellation);
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), rows, "topic_name");
            return 0;
        });
        return command;
    }
}
