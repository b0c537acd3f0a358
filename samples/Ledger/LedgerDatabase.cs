using System.Data.Common;
using Loire.Client;
using Loire.Model;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Loire.Samples.Ledger;

public sealed record Payment(string From, string To, long Cents);

public sealed record Account(string Name, long Balance, long Entries);

/// <summary>
/// The balances of accounts, and for each partition of the topic the position: the next offset to book. Both change in one transaction, so the
/// database itself knows what it has booked.
/// </summary>
public sealed class LedgerDatabase : IAsyncDisposable
{
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS accounts (name text PRIMARY KEY, balance bigint NOT NULL, entries bigint NOT NULL);
        CREATE TABLE IF NOT EXISTS positions (topic text, partition_number int, next bigint NOT NULL, PRIMARY KEY (topic, partition_number));
        """;

    private readonly DbDataSource _database;
    private readonly string _setUp;

    private LedgerDatabase(DbDataSource database, string setUp) => (_database, _setUp) = (database, setUp);

    /// <summary>A file. Every commit is synced to the disk, in a write-ahead log too.</summary>
    public static LedgerDatabase Sqlite(string file) => new(
        SqliteFactory.Instance.CreateDataSource(new SqliteConnectionStringBuilder { DataSource = file }.ToString()), "PRAGMA journal_mode = WAL;" + Tables);

    /// <summary>A server, which ends the transaction of a process that hangs: until then it would hold up the process that takes over.</summary>
    public static LedgerDatabase Postgres(string connection) => new(
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection) { Options = "-c idle_in_transaction_session_timeout=3s" }), Tables);

    public async Task CreateTablesAsync(CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await ExecuteAsync(connection, null, _setUp, cancellation);
    }

    /// <summary>Returns the position of a partition, which is <paramref name="start"/> if nothing of the partition was booked yet.</summary>
    public async Task<Offset> OpenAsync(TopicPartition partition, Offset start, CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await ExecuteAsync(
            connection, null, "INSERT INTO positions VALUES (@topic, @partition, @start) ON CONFLICT DO NOTHING", cancellation,
            ("topic", partition.Topic.Value), ("partition", partition.Partition), ("start", start.Value));
        await using var command = Command(
            connection, null, "SELECT next FROM positions WHERE topic = @topic AND partition_number = @partition",
            ("topic", partition.Topic.Value), ("partition", partition.Partition));
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Books records of a partition, and moves its position from the expected one to after the last of them: both or neither.</summary>
    /// <returns>False if the position is another one. Then another process has booked records of the partition, and nothing has changed.</returns>
    public async Task<bool> TryBookAsync(
        TopicPartition partition, Offset expected, IReadOnlyList<ConsumeResult<string, Payment>> records, CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);

        // Comes first: a second process that expects the same position waits here for the end of this transaction, and then finds another one.
        var moved = await ExecuteAsync(
            connection, transaction,
            "UPDATE positions SET next = @next WHERE topic = @topic AND partition_number = @partition AND next = @expected", cancellation,
            ("topic", partition.Topic.Value), ("partition", partition.Partition), ("expected", expected.Value), ("next", records[^1].Offset.Value + 1));
        if (moved == 0)
        {
            return false;
        }

        var entries = records.Where(record => record.Offset >= expected).Select(record => record.Value!)
            .SelectMany(payment => new[] { (Account: payment.From, Cents: -payment.Cents), (Account: payment.To, payment.Cents) });

        // In the same order in all processes, which would otherwise wait for each other.
        foreach (var account in entries.GroupBy(entry => entry.Account).OrderBy(account => account.Key, StringComparer.Ordinal))
        {
            await ExecuteAsync(
                connection, transaction,
                """
                INSERT INTO accounts VALUES (@name, @cents, @entries)
                ON CONFLICT (name) DO UPDATE SET balance = accounts.balance + excluded.balance, entries = accounts.entries + excluded.entries
                """, cancellation,
                ("name", account.Key), ("cents", account.Sum(entry => entry.Cents)), ("entries", account.LongCount()));
        }

        await transaction.CommitAsync(cancellation);
        return true;
    }

    public async Task<IReadOnlyList<Account>> ListAsync(CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using var command = Command(connection, null, "SELECT name, balance, entries FROM accounts ORDER BY name");
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var accounts = new List<Account>();
        while (await rows.ReadAsync(cancellation))
        {
            accounts.Add(new Account(rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2)));
        }

        return accounts;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static async Task<int> ExecuteAsync(
        DbConnection connection, DbTransaction? transaction, string sql, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        await using var command = Command(connection, transaction, sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private static DbCommand Command(DbConnection connection, DbTransaction? transaction, string sql, params (string Name, object Value)[] parameters)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ("@" + name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
