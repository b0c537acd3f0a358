using System.CommandLine;
using System.Globalization;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Model.Transactions;

namespace Loire.Cli.Transactions;

/// <summary><c>loire txn list</c>: lists the transactional ids and how far their transactions are.</summary>
internal static class ListTransactions
{
    private const int PageSize = 1_000;

    public static Command Create(Caller caller)
    {
        var states = Enum.GetNames<TransactionStatus>();
        var state = new Option<string[]>("--state", "-s")
        {
            Description = $"Only transactions in this state: {string.Join(", ", states)}; may be repeated.",
            HelpName = "STATE",
        };
        state.AcceptOnlyFromAmong(states);
        var producer = new Option<long[]>("--producer-id") { Description = "Only this producer; may be repeated.", HelpName = "ID" };
        var age = AgeOption.Create("Only transactions that have been open for longer than this, such as 90s, 15m or 1h.");
        var command = new Command("list", "Lists the transactional ids, sorted, with the states of their transactions.")
        {
            state, producer, age, OutputOption.Instance,
        };
        command.Aliases.Add("ls");
        command.SetAction(async (parsed, cancellation) =>
        {
            string[] filters =
            [
                .. (parsed.GetValue(state) ?? []).Select(name => $"state={name}"),
                .. (parsed.GetValue(producer) ?? []).Select(id => string.Create(CultureInfo.InvariantCulture, $"producer_id={id}")),
                .. AgeOption.MillisecondsOf(parsed, age) is { } shortest ? (string[])[string.Create(CultureInfo.InvariantCulture, $"duration_ms={shortest}")] : [],
            ];
            using var node = GlobalOptions.Connect(parsed, caller);
            var path = filters.Length == 0 ? TransactionArgument.List : $"{TransactionArgument.List}?{string.Join('&', filters)}";
            var rows = await ListPages.ReadAsync(node, path, PageSize, int.MaxValue, cancellation);
            string[] errors = rows.Exists(row => row["error"] is not null) ? ["error"] : [];
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), rows, ["transactional_id", "producer_id", "state", "duration_ms", .. errors]);
            return 0;
        });
        return command;
    }
}
