using System.CommandLine;
using Loire.Silo.Clustering;
using Npgsql;

namespace Loire.Silo;

/// <summary>
/// <c>cluster</c>: commands of the node's executable for a cluster. Exit codes: 0 if it is done, 1 if the database is unavailable or refuses, 2 for
/// a bad option.
/// </summary>
internal static class ClusterCommand
{
    private const string Description =
        "Sets up the membership tables of a cluster in PostgreSQL, once before its first node. Running it again changes nothing, or updates them.";

    /// <summary>The command, for the node's command line.</summary>
    public static Command Create() => new("cluster", "Looks after what the nodes of a cluster share.")
    {
        OfflineCommand.Create("init-db", Description, ["clustering-connection"], (options, _) => InitializeDatabaseAsync(options, Console.Out)),
    };

    private static async Task<int> InitializeDatabaseAsync(NodeOptions options, TextWriter output)
    {
        if (NodeClustering.ConnectionProblem(ClusteringKind.Postgres, options.ClusteringConnection) is { } problem)
        {
            return await OfflineCommand.FailAsync(problem, NodeCommand.UsageExitCode);
        }

        await using var database = NpgsqlDataSource.Create(options.ClusteringConnection!);
        try
        {
            var hasChanged = await PostgresSchema.ApplyAsync(database);
            var named = new NpgsqlConnectionStringBuilder(options.ClusteringConnection);
            await output.WriteLineAsync(
                $"The membership tables in the database {named.Database ?? named.Username} at {named.Host} "
                + (hasChanged ? "are set up." : "are up to date already."));
            return 0;
        }
        catch (NpgsqlException failure)
        {
            return await OfflineCommand.FailAsync($"The database cannot be set up: {PostgresSchema.Describe(failure)}", 1);
        }
    }
}
