using System.CommandLine;
using Loire.Cli.Terminals;

namespace Loire.Cli.Transactions;

/// <summary><c>loire txn</c>.</summary>
internal static class TransactionCommand
{
    public static Command Create(Caller caller) => new("txn", "List, describe and abort transactions, and find those that hang.")
    {
        ListTransactions.Create(caller),
        DescribeTransaction.Create(caller),
        AbortTransaction.Create(caller),
        HangingTransactions.Create(caller),
    };
}
