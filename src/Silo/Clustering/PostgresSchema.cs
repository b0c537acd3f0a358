using Npgsql;

namespace Loire.Silo.Clustering;

/// <summary>
/// The membership tables in PostgreSQL and the queries that Orleans reads from there. Orleans' package brings neither, so the script is an
/// embedded resource of this assembly.
/// </summary>
internal static class PostgresSchema
{
    private const string Script = "PostgresMembership.sql";

    /// <summary>
    /// Brings the tables and queries up to date, in one transaction; false if they are already. Concurrent calls wait for each other, and all
    /// but the first return false. Throws a <see cref="NpgsqlException"/> if the database is unavailable or refuses.
    /// </summary>
    public static async Task<bool> ApplyAsync(NpgsqlDataSource database)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var apply = new NpgsqlCommand(await ReadScriptAsync(), connection, transaction);
        var changedQueries = await apply.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
        return changedQueries > 0;
    }

    /// <summary>Throws a <see cref="NpgsqlException"/> if the database is unavailable, or <see cref="ApplyAsync"/> has not set it up.</summary>
    public static async Task CheckAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand("SELECT FROM OrleansQuery, OrleansMembershipVersionTable, OrleansMembershipTable LIMIT 0");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Why the database did not do what was asked, in one line.</summary>
    public static string Describe(NpgsqlException failure)
    {
        var reason = failure switch
        {
            PostgresException { SqlState: PostgresErrorCodes.UndefinedTable } refusal =>
                $"{refusal.MessageText}. Set the database up with `cluster init-db`",
            PostgresException refusal => refusal.MessageText,
            { InnerException: { } inner } => $"{failure.Message}: {inner.Message}",
            _ => failure.Message,
        };
        return $"{reason.ReplaceLineEndings(" ")}.";
    }

    private static async Task<string> ReadScriptAsync()
    {
        await using var script = typeof(PostgresSchema).Assembly.GetManifestResourceStream(Script)!;
        using var reader = new StreamReader(script);
        return await reader.ReadToEndAsync();
    }
}
