using System.CommandLine;
using System.Globalization;
using Loire.Storage.Repair;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Loire.Silo;

/// <summary>
/// <c>store repair</c>: inspects the file store of a node that is stopped, says what a repair gives up, asks, and repairs it. Exit codes: 0 for a
/// sound or repaired store, 1 if it is damaged and was not repaired or cannot be opened, 2 for a bad option.
/// </summary>
internal static class StoreRepairCommand
{
    private const string Description =
        """
        Repairs the file store of a node that is stopped: restores objects with one flipped bit, and with consent gives up what is beyond that.
        """;

    /// <summary>The command, for the node's command line.</summary>
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "directory of the file store (./data)", HelpName = "DIR" };
        var yes = new Option<bool>("--yes") { Description = "repair without asking" };
        var repair = new Command("repair", Description) { data, yes };
        repair.SetAction((parsed, _) => RunAsync(parsed.GetValue(data), parsed.GetValue(yes), Console.In, Console.Out, Console.Error));
        return repair;
    }

    /// <summary>Runs the command; <paramref name="data"/> wins over the environment and the file of settings.</summary>
    internal static async Task<int> RunAsync(string? data, bool isAgreed, TextReader input, TextWriter output, TextWriter errors)
    {
        try
        {
            var arguments = data is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["data"] = data };
            var options = NodeConfiguration.Bind(arguments, Environment.GetEnvironmentVariable, "appsettings.json");
            if (options.Storage != StoreKind.File)
            {
                await errors.WriteLineAsync("Only a file store can be repaired: set --storage file, or repair the container with the tools of its provider.");
                return NodeCommand.UsageExitCode;
            }

            if (!Directory.Exists(options.Data))
            {
                await errors.WriteLineAsync($"There is no store: {Path.GetFullPath(options.Data)} does not exist.");
                return 1;
            }

            await using var repair = await FileStoreRepair.OpenAsync(options.Data, NullLogger.Instance);
            return await RepairAsync(repair, isAgreed, input, output);
        }
        catch (OptionsValidationException problem)
        {
            await errors.WriteLineAsync(problem.Message);
            return NodeCommand.UsageExitCode;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await errors.WriteLineAsync($"The store cannot be repaired: {problem.Message}");
            return 1;
        }
    }

    private static async Task<int> RepairAsync(FileStoreRepair repair, bool isAgreed, TextReader input, TextWriter output)
    {
        if (repair.Findings.Count == 0)
        {
            await output.WriteLineAsync($"The store is sound: all of its {Number(repair.Objects)} objects can be read.");
            return 0;
        }

        foreach (var finding in repair.Findings)
        {
            await output.WriteLineAsync(Describe(finding));
        }

        if (!isAgreed)
        {
            await output.WriteAsync("Repair the store, and give up what is named above? Type yes: ");
            if ((await input.ReadLineAsync())?.Trim() != "yes")
            {
                await output.WriteLineAsync("Nothing was changed.");
                return 1;
            }
        }

        await repair.ApplyAsync();
        await output.WriteLineAsync("The store is repaired.");
        return 0;
    }

    private static string Describe(StoreFinding finding) => finding.Action switch
    {
        RepairAction.Restore => $"{finding.Key} has one flipped bit: it will be restored, nothing is given up.",
        RepairAction.Leave => $"{finding.Key} is damaged beyond repair: it stays as it is, {Number(finding.Bytes)} bytes cannot be read.",
        RepairAction.RemoveLog =>
            $"{finding.Key} is damaged beyond repair, so its log cannot be opened: all {Number(finding.Objects)} objects of the log, "
            + $"{Number(finding.Bytes)} bytes, will be removed.",
        _ =>
            "Records of unknown keys are lost: what survives will be served, and any of it may be older than what was acknowledged, or was deleted.",
    };

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
