using Loire.Silo.Clustering;
using Npgsql;

namespace Loire.Silo.Tests.Clustering;

/// <summary>The script that sets up the membership tables, on a real PostgreSQL.</summary>
public class PostgresSchemaTests
{
    [PostgresFact]
    public async Task Second_run_of_the_script_changes_nothing()
    {
        await using var database = await NewDatabaseAsync();
        Assert.True(await PostgresSchema.ApplyAsync(database));
        var before = await ReadQueriesAsync(database);
        Assert.False(await PostgresSchema.ApplyAsync(database));
        Assert.Equal(before, await ReadQueriesAsync(database));
    }

    [PostgresFact]
    public async Task Of_concurrent_runs_on_an_empty_database_one_sets_it_up_and_none_fails()
    {
        await using var database = await NewDatabaseAsync();
        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostgresSchema.ApplyAsync(database)));
        Assert.Single(runs, isChanged => isChanged);
        Assert.Equal(9, (await ReadQueriesAsync(database)).Count);
    }

    [PostgresFact]
    public async Task Query_of_an_earlier_version_is_replaced_and_queries_of_others_stay()
    {
        await using var database = await NewDatabaseAsync();
        await PostgresSchema.ApplyAsync(database);
        var current = await ReadQueriesAsync(database);
        await ExecuteAsync(database, "UPDATE OrleansQuery SET QueryText = 'SELECT 1' WHERE QueryKey = 'GatewaysQueryKey'");
        await ExecuteAsync(database, "INSERT INTO OrleansQuery VALUES ('ReadReminderRowsKey', 'SELECT 2')");
        Assert.True(await PostgresSchema.ApplyAsync(database));
        current.Add("ReadReminderRowsKey", "SELECT 2");
        Assert.Equal(current, await ReadQueriesAsync(database));
    }

    [PostgresFact]
    public async Task Refused_run_leaves_nothing_behind()
    {
        await using var database = await NewDatabaseAsync();
        await ExecuteAsync(database, "CREATE VIEW OrleansMembershipTable AS SELECT 1 AS DeploymentId");
        await ExecuteAsync(database, "CREATE TABLE OrleansQuery (QueryKey text PRIMARY KEY)");
        await Assert.ThrowsAsync<PostgresException>(() => PostgresSchema.ApplyAsync(database));
        await using var left = database.CreateCommand("SELECT to_regclass('OrleansMembershipVersionTable') IS NULL");
        Assert.Equal(true, await left.ExecuteScalarAsync());
    }

    private static async Task<NpgsqlDataSource> NewDatabaseAsync() =>
        NpgsqlDataSource.Create(await (await PostgresServer.SharedAsync()).CreateDatabaseAsync());

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<SortedDictionary<string, string>> ReadQueriesAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("SELECT QueryKey, QueryText FROM OrleansQuery");
        await using var reader = await command.ExecuteReaderAsync();
        SortedDictionary<string, string> queries = [];
        while (await reader.ReadAsync())
        {
            queries.Add(reader.GetString(0), reader.GetString(1));
        }

        return queries;
    }
}
