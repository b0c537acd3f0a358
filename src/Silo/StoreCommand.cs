using System.CommandLine;
using Microsoft.Extensions.Options;

namespace Loire.Silo;

/// <summary>
/// <c>store</c>: commands of the node's executable for the store of a node that is stopped. They find the store with the node's own settings. Exit
/// codes: 0 if nothing is wrong, 1 if something is or the store cannot be opened, 2 for a bad option.
/// </summary>
internal static class StoreCommand
{
    private static readonly string[] _settings = ["data", "storage", "azure-connection", "azure-container"];

    /// <summary>The command, for the node's command line.</summary>
    public static Command Create() => new("store", "Looks after the store of a node that is stopped.")
    {
        StoreCheckCommand.Create(), StoreRepairCommand.Create(),
    };

    /// <summary>Creates a subcommand with the options that name a store.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">Its help text.</param>
    /// <param name="run">Runs it with the bound options and returns the exit code.</param>
    /// <param name="flags">Its other options.</param>
    public static Command Subcommand(string name, string description, Func<NodeOptions, ParseResult, Task<int>> run, params Option[] flags)
    {
        var command = new Command(name, description);
        List<Option<string?>> options = [];
        foreach (var setting in NodeSetting.All.Select(setting => setting.Declaration).Where(setting => _settings.Contains(setting.Name)))
        {
            options.Add(new Option<string?>("--" + setting.Name) { Description = setting.Meaning, HelpName = setting.ValueName });
        }

        foreach (var option in (IEnumerable<Option>)[.. options, .. flags])
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, _) => RunAsync(
            options.Where(option => parsed.GetValue(option) is not null).ToDictionary(option => option.Name[2..], option => parsed.GetValue(option)!),
            bound => run(bound, parsed)));
        return command;
    }

    private static async Task<int> RunAsync(Dictionary<string, string> arguments, Func<NodeOptions, Task<int>> run)
    {
        try
        {
            var options = NodeConfiguration.Bind(arguments, Environment.GetEnvironmentVariable, "appsettings.json");
            if (options.Storage == StoreKind.File && !Directory.Exists(options.Data))
            {
                await Console.Error.WriteLineAsync($"There is no store: {Path.GetFullPath(options.Data)} does not exist.");
                return 1;
            }

            return await run(options);
        }
        catch (OptionsValidationException problem)
        {
            await Console.Error.WriteLineAsync(problem.Message);
            return NodeCommand.UsageExitCode;
        }
        catch (Exception problem) when (
            problem is IOException or UnauthorizedAccessException or InvalidDataException or Azure.RequestFailedException or AggregateException)
        {
            await Console.Error.WriteLineAsync($"The store cannot be opened: {problem.Message.Split('\n')[0]}");
            return 1;
        }
    }
}
