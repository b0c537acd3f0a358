using System.Globalization;
using Loire.Storage.Tests.Azurite;
using Npgsql;

namespace Loire.Silo.Tests.Clustering;

/// <summary>The executable with PostgreSQL as its membership store: the command that sets it up, and nodes that find each other there.</summary>
public class PostgresClusterTests
{
    internal const int Partitions = 8;

    private const string NoConnection =
        "The clustering postgres needs a connection string such as Host=db.example;Database=loire;Username=loire;Password=... in "
        + "--clustering-connection, or LOIRE_CLUSTERING_CONNECTION.\n";

    [PostgresFact]
    public async Task Command_sets_up_a_database_once()
    {
        var connection = await NewDatabaseAsync();
        var tables = $"The membership tables in the database {new NpgsqlConnectionStringBuilder(connection).Database} at 127.0.0.1 are";
        string[] command = ["cluster", "init-db", "--clustering-connection", connection];
        Assert.Equal((0, $"{tables} set up.\n"), await NodeProcess.RunAsync(command));
        Assert.Equal((0, $"{tables} up to date already.\n"), await NodeProcess.RunAsync(command));
    }

    [PostgresFact]
    public async Task Command_names_the_reason_if_the_database_is_unavailable_or_refuses()
    {
        var connection = new NpgsqlConnectionStringBuilder(await NewDatabaseAsync()) { Database = "missing" };
        Assert.Equal(
            (1, "The database cannot be set up: database \"missing\" does not exist.\n"),
            await NodeProcess.RunAsync("cluster", "init-db", "--clustering-connection", connection.ToString()));

        // Ports below 1024 are not for tests: nothing listens on the first.
        connection.Port = 1;
        Assert.Equal(
            (1, "The database cannot be set up: Failed to connect to 127.0.0.1:1: Connection refused.\n"),
            await NodeProcess.RunAsync("cluster", "init-db", "--clustering-connection", connection.ToString()));
    }

    [Theory]
    [InlineData("cluster init-db", "The clustering postgres needs --clustering-connection, or LOIRE_CLUSTERING_CONNECTION.\n")]
    [InlineData("cluster init-db --clustering-connection", "The option --clustering-connection needs a value: STRING.\n")]
    [InlineData("cluster init-db --clustering-connection Database=loire", NoConnection)]
    [InlineData("cluster init-db --clustering-connection db.example:5432", NoConnection)]
    [InlineData("cluster init-db --data x", "The option --data is unknown; --help lists the known ones.\n")]
    public async Task Command_with_a_bad_option_ends_with_exit_code_2_and_one_line(string line, string expected) =>
        Assert.Equal((NodeCommand.UsageExitCode, expected), await NodeProcess.RunAsync(line.Split(' ')));

    [PostgresFact]
    public async Task Node_of_a_database_that_is_not_set_up_names_the_command_in_one_line()
    {
        var connection = await NewDatabaseAsync();
        var (exit, output) = await NodeProcess.RunAsync(
            "--clustering", "postgres", "--clustering-connection", connection, "--storage", "azure", "--azure-connection", "UseDevelopmentStorage=true",
            "--urls", "http://127.0.0.1:0");
        Assert.Equal(
            (1, "The node cannot run: the membership table in PostgreSQL is not available: relation \"orleansquery\" does not exist. "
                + "Set the database up with `cluster init-db`.\n"),
            (exit, output));
    }

    [ClusterFact]
    public async Task Two_nodes_form_a_cluster_and_one_goes_on_when_the_other_stops()
    {
        var connection = await NewDatabaseAsync();
        var (exit, output) = await NodeProcess.RunAsync("cluster", "init-db", "--clustering-connection", connection);
        Assert.True(exit == 0, output);
        using var data = new TemporaryDirectory();
        await using var first = await StartAsync(0, connection, data.Path);
        await using var second = await StartAsync(1, connection, data.Path);
        Assert.Equal(["broker-0", "broker-1"], await ReadActiveAsync(connection));

        await KillTests.CreateTopicAsync(first.Client, "orders", Partitions);
        await ProduceAsync(first.Client, "before");
        await ProduceAsync(second.Client, "after");
        await JudgeAsync(first.Client, "before", "after");
        await JudgeAsync(second.Client, "before", "after");
        Assert.Equal("orders", await ServiceBeside.ListTopicsAsync(client => client.UseAdoNetClustering(database =>
        {
            database.Invariant = "Npgsql";
            database.ConnectionString = connection;
        })));

        Assert.Equal(0, await first.StopAsync());
        Assert.Equal(["broker-1"], await ReadActiveAsync(connection));
        await ProduceAsync(second.Client, "alone");
        await JudgeAsync(second.Client, "before", "after", "alone");
    }

    private static async Task<string> NewDatabaseAsync() => await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();

    private static async Task<NodeProcess> StartAsync(int id, string connection, string data) => await NodeProcess.StartAsync(
        data, "env", "LOIRE_CLUSTERING=postgres", $"LOIRE_CLUSTERING_CONNECTION={connection}", $"LOIRE_NODE_ID={id}", "LOIRE_STORAGE=azure",
        $"LOIRE_GATEWAY_PORT={ServiceBeside.FreePort()}",
        $"LOIRE_AZURE_CONNECTION={(await AzuriteServer.SharedAsync()).ConnectionString}", "LOIRE_AZURE_CONTAINER=loire-postgres-cluster");

    private static async Task<List<string>> ReadActiveAsync(string connection)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using var command = database.CreateCommand("SELECT SiloName FROM OrleansMembershipTable WHERE Status = 3 ORDER BY SiloName");
        await using var reader = await command.ExecuteReaderAsync();
        List<string> names = [];
        while (await reader.ReadAsync())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    internal static async Task ProduceAsync(HttpClient node, string value)
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            using var response = await node.PostAsync(
                string.Create(CultureInfo.InvariantCulture, $"/v1/topics/orders/records?partition={partition}"), new StringContent($"{value}\n"));
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    internal static async Task JudgeAsync(HttpClient node, params string[] expected)
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            Assert.Equal(expected, (await PartitionReader.ReadAllAsync(node, "orders", partition)).Select(record => record.Value));
        }
    }

    private sealed class ClusterFactAttribute : FactAttribute
    {
        public ClusterFactAttribute() =>
            Skip = PostgresServer.Missing ?? (AzuriteServer.Command is null ? AzuriteFactAttribute.NotInstalled : null!);
    }
}
