using System.CommandLine;
using System.Globalization;
using Loire.Storage.Repair;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Silo;

/// <summary>
/// <c>store repair</c>: inspects the file store of a node that is stopped, says what a repair gives up, asks, and repairs it.
/// </summary>
internal static class StoreRepairCommand
{
    private const string Description =
        """
        Repairs the file store of a node that is stopped: restores objects with one flipped bit, and with consent gives up what is beyond that.
        """;

    private static readonly Option<bool> _yes = new("--yes") { Description = "repair without asking" };

    /// <summary>The command.</summary>
    public static Command Create() => StoreCommand.Subcommand(
        "repair", Description, (options, parsed) => RunAsync(options, parsed.GetValue(_yes), Console.In, Console.Out, Console.Error), _yes);

    private static async Task<int> RunAsync(NodeOptions options, bool isAgreed, TextReader input, TextWriter output, TextWriter errors)
    {
        if (options.Storage != StoreKind.File)
        {
            await errors.WriteLineAsync("Only a file store can be repaired: set --storage file, or repair the container with the tools of its provider.");
            return NodeCommand.UsageExitCode;
        }

        await using var repair = await FileStoreRepair.OpenAsync(options.Data, NullLogger.Instance);
        return await RepairAsync(repair, isAgreed, input, output);
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
