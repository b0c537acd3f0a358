using Loire.Samples.Ledger;
using Loire.Silo.Tests.Clustering;
using Xunit.Abstractions;

namespace Loire.Samples.Tests.ExactlyOnce;

public sealed class PostgresLedgerTests(ITestOutputHelper output)
{
    [PostgresFact]
    public async Task Of_two_processes_that_book_the_same_records_one_is_refused()
    {
        var connection = await ConnectionAsync();
        await LedgerScenarios.BookFromTwoProcessesAsync(() => LedgerDatabase.Postgres(connection));
    }

    [PostgresFact]
    public async Task Whatever_happens_to_its_processes_the_ledger_has_each_payment_once()
    {
        var connection = await ConnectionAsync();

        // The server itself ends the transaction of a process that hangs.
        await LedgerScenarios.KillAndReplaceAsync(
            output, () => LedgerDatabase.Postgres(connection), ["--postgres", connection], () => Task.FromResult(true));
    }

    private static async Task<string> ConnectionAsync() => await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
}
