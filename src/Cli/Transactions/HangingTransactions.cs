using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;

namespace Loire.Cli.Transactions;

/// <summary><c>loire txn hanging</c>: finds transactions that are open in partitions and of which no coordinator knows.</summary>
internal static class HangingTransactions
{
    // One request asks every partition of so many topics, and must be done before it times out.
    private const int TopicsPerPage = 20;

    public static Command Create(Caller caller)
    {
        var topic = new Argument<string?>("topic") { Description = "Only this topic.", Arity = ArgumentArity.ZeroOrOne };
        topic.CompletionSources.Add(context => TopicArgument.Names(context.ParseResult, caller, context.WordToComplete));
        var partition = new Option<int?>("--partition", "-p") { Description = "Only this partition of the topic.", HelpName = "N" };
        var age = AgeOption.Create("Only transactions whose last record is older than this, such as 15m, the default.");
        var command = new Command(
            "hanging", "Finds open transactions that nobody will end: readers with read_committed wait for them. Exit code 1 if a partition could not be asked.")
        {
            topic, partition, age, OutputOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var path = PathOf(parsed.GetValue(topic), parsed.GetValue(partition), AgeOption.MillisecondsOf(parsed, age));
            using var node = GlobalOptions.Connect(parsed, caller);
            var (rows, pages) = (new List<JsonObject>(), 0);
            var progress = new ProgressLine(caller);
            try
            {
                for (var next = path; next is not null; pages++)
                {
                    progress.Show(() => string.Create(CultureInfo.InvariantCulture, $"{pages * TopicsPerPage} topics searched, {rows.Count} found"));
                    var answer = await node.SendAsync(HttpMethod.Get, next, null, cancellation);
                    var page = answer.Document as JsonArray ?? throw NodeException.FromAnswer(200, null);
                    rows.AddRange(page.OfType<JsonObject>());
                    page.Clear();
                    next = answer.Next;
                }
            }
            finally
            {
                progress.Clear();
            }

            var unanswered = rows.Count(row => row["error"] is not null);
            Listing.Write(
                caller.Terminal, OutputOption.Of(parsed), rows,
                ["topic_name", "partition", "producer_id", "producer_epoch", "transaction_start_offset", "last_timestamp", .. unanswered > 0 ? (string[])["error"] : []]);
            caller.Terminal.Note(string.Create(
                CultureInfo.InvariantCulture, $"{rows.Count - unanswered} transactions hang, {unanswered} partitions could not be asked"));
            return unanswered == 0 ? 0 : (int)ExitCode.Error;
        });
        return command;
    }

    private static string PathOf(string? topic, int? partition, long? age)
    {
        if (topic is null && partition is not null)
        {
            throw CliException.Usage("A partition is one of a topic.", "name the topic too.");
        }

        string[] query =
        [
            .. topic is null ? (string[])[string.Create(CultureInfo.InvariantCulture, $"limit={TopicsPerPage}")] : [$"topic={TopicArgument.Check(topic)}"],
            .. partition is null ? (string[])[] : [string.Create(CultureInfo.InvariantCulture, $"partition={partition}")],
            .. age is null ? (string[])[] : [string.Create(CultureInfo.InvariantCulture, $"older_than_ms={age}")],
        ];
        return $"{TransactionArgument.List}:hanging?{string.Join('&', query)}";
    }
}
