using System.CommandLine;

namespace Loire.Silo;

/// <summary>
/// <c>store</c>: commands of the node's executable for the store of a node that is stopped. They find the store with the node's own settings. Exit
/// codes: 0 if nothing is wrong, 1 if something is or the store cannot be opened, 2 for a bad option.
/// </summary>
internal static class StoreCommand
{
    private static readonly string[] _settings = ["data", "storage", "azure-connection", "azure-account", "azure-container"];

    /// <summary>The command, for the node's command line.</summary>
    public static Command Create() => new("store", "Looks after the store of a node that is stopped.")
    {
        StoreCheckCommand.Create(), StoreStatCommand.Create(), StoreRepairCommand.Create(),
    };

    /// <summary>Creates a subcommand with the options that name a store.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">Its help text.</param>
    /// <param name="run">Runs it with the bound options and returns the exit code.</param>
    /// <param name="flags">Its other options.</param>
    public static Command Subcommand(string name, string description, Func<NodeOptions, ParseResult, Task<int>> run, params Option[] flags) =>
        OfflineCommand.Create(name, description, _settings, (options, parsed) => RunAsync(options, () => run(options, parsed)), flags);

    private static async Task<int> RunAsync(NodeOptions options, Func<Task<int>> run)
    {
        if (options.Storage == StoreKind.File && !Directory.Exists(options.Data))
        {
            return await OfflineCommand.FailAsync($"There is no store: {Path.GetFullPath(options.Data)} does not exist.", 1);
        }

        try
        {
            return await run();
        }
        catch (Exception problem) when (
            problem is IOException or UnauthorizedAccessException or InvalidDataException or Azure.RequestFailedException or AggregateException)
        {
            return await OfflineCommand.FailAsync($"The store cannot be opened: {problem.Message.Split('\n')[0]}", 1);
        }
    }
}
