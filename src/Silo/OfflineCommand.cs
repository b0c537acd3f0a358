using System.CommandLine;
using Microsoft.Extensions.Options;

namespace Loire.Silo;

/// <summary>
/// Creates the subcommands of the node's executable that run no node. They take some of the node's own settings, from the same sources; a bad one
/// prints one line to standard error and exits with code 2.
/// </summary>
internal static class OfflineCommand
{
    /// <summary>Creates a subcommand.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">Its help text.</param>
    /// <param name="settings">Names of the settings that it takes on its command line.</param>
    /// <param name="run">Runs it with the bound options and returns the exit code.</param>
    /// <param name="flags">Its other options.</param>
    public static Command Create(
        string name, string description, string[] settings, Func<NodeOptions, ParseResult, Task<int>> run, params Option[] flags)
    {
        var command = new Command(name, description);
        List<Option<string?>> options = [];
        foreach (var setting in NodeSetting.All.Select(setting => setting.Declaration).Where(setting => settings.Contains(setting.Name)))
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

    /// <summary>Prints a problem in one line.</summary>
    public static async Task<int> FailAsync(string problem, int exitCode)
    {
        await Console.Error.WriteLineAsync(problem);
        return exitCode;
    }

    private static async Task<int> RunAsync(Dictionary<string, string> arguments, Func<NodeOptions, Task<int>> run)
    {
        NodeOptions options;
        try
        {
            options = NodeConfiguration.Bind(arguments, Environment.GetEnvironmentVariable, "appsettings.json");
        }
        catch (OptionsValidationException problem)
        {
            return await FailAsync(problem.Message, NodeCommand.UsageExitCode);
        }

        return await run(options);
    }
}
