using Loire.Samples.Ledger;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace Loire.Samples.Tests.ExactlyOnce;

public sealed class SqliteLedgerTests(ITestOutputHelper output) : IDisposable
{
    private const int Busy = 5;

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("loire-ledger-");

    private string File => Path.Combine(_data.FullName, "ledger.db");

    public void Dispose() => _data.Delete(recursive: true);

    [Fact]
    public Task Of_two_processes_that_book_the_same_records_one_is_refused() =>
        LedgerScenarios.BookFromTwoProcessesAsync(() => LedgerDatabase.Sqlite(File));

    [Fact]
    public Task Whatever_happens_to_its_processes_the_ledger_has_each_payment_once() =>
        LedgerScenarios.KillAndReplaceAsync(output, () => LedgerDatabase.Sqlite(File), ["--data", _data.FullName], IsFreeAsync);

    // A process that hangs in a transaction has the file to itself for as long as it hangs.
    private async Task<bool> IsFreeAsync()
    {
        await using var connection = new SqliteConnection($"Data Source={File};Pooling=False;Default Timeout=1");
        await connection.OpenAsync();
        try
        {
            await using var transaction = await connection.BeginTransactionAsync();
            return true;
        }
        catch (SqliteException locked) when (locked.SqliteErrorCode == Busy)
        {
            return false;
        }
    }
}
