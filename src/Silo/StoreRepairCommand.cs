using System.CommandLine;
using System.Globalization;
using Loire.Grains.Hosting;
using Loire.Log.Audits;
using Loire.Storage.Repair;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Silo;

/// <summary>
/// <c>store repair</c>: inspects the store of a node that is stopped, says what a repair gives up, asks, and repairs it. The file store's lock keeps
/// nodes out. A container of blobs has none: it is watched during the inspection and while the operator decides, and each change is made only to the
/// version that was inspected.
/// </summary>
internal static class StoreRepairCommand
{
    private const string Description =
        """
        Repairs the store of a node that is stopped: restores objects with one flipped bit, and with consent gives up what is beyond that.
        """;

    private const string InUse = "The container is in use: blobs have changed since the repair began. Stop every node, and begin again.";

    // At least; a node that serves anything writes more often.
    private static readonly TimeSpan _watchTime = TimeSpan.FromSeconds(5);

    private static readonly Option<bool> _yes = new("--yes") { Description = "repair without asking" };

    /// <summary>The command.</summary>
    public static Command Create() => StoreCommand.Subcommand(
        "repair", Description, (options, parsed) => RunAsync(options, parsed.GetValue(_yes), Console.In, Console.Out), _yes);

    private static async Task<int> RunAsync(NodeOptions options, bool isAgreed, TextReader input, TextWriter output)
    {
        if (options.Storage == StoreKind.Azure)
        {
            await using var azure = await OfflineAzureStore.OpenAsync(options);
            return await RepairAsync(azure, isAgreed, input, output);
        }

        await using var files = await FileStoreRepair.OpenAsync(options.Data, NullLogger.Instance);
        if (!await IsAgreedAsync(files.Objects, files.Findings, isAgreed, input, output))
        {
            return files.Findings.Count == 0 ? 0 : 1;
        }

        await files.ApplyAsync();
        await output.WriteLineAsync("The store is repaired.");
        return 0;
    }

    private static async Task<int> RepairAsync(OfflineAzureStore azure, bool isAgreed, TextReader input, TextWriter output)
    {
        var (before, watched) = (await azure.LookAsync(), Task.Delay(_watchTime));
        var logs = await LogRepair.InspectAsync(azure.Listing, azure.Storage, Guid.NewGuid(), TimeProvider.System);
        var root = await RootRepair.InspectAsync(azure.Storage);
        StoreFinding[] findings = [.. logs.Findings, .. root.Findings];
        if (!await IsAgreedAsync(logs.Objects, findings, isAgreed, input, output))
        {
            return findings.Length == 0 ? 0 : 1;
        }

        await watched;
        if (await azure.LookAsync() != before)
        {
            await output.WriteLineAsync($"{InUse} Nothing was changed.");
            return 1;
        }

        var isRepaired = await logs.ApplyAsync() & await root.ApplyAsync();
        await output.WriteLineAsync(isRepaired ? "The store is repaired." : $"{InUse} Not everything is repaired.");
        return isRepaired ? 0 : 1;
    }

    /// <summary>Says what is damaged and what a repair gives up, and asks; false if nothing is to be done.</summary>
    private static async Task<bool> IsAgreedAsync(
        int objects, IReadOnlyCollection<StoreFinding> findings, bool isAgreed, TextReader input, TextWriter output)
    {
        if (findings.Count == 0)
        {
            await output.WriteLineAsync($"The store is sound: all of its {Number(objects)} objects can be read.");
            return false;
        }

        foreach (var finding in findings)
        {
            await output.WriteLineAsync(Describe(finding));
        }

        if (!isAgreed)
        {
            await output.WriteAsync("Repair the store, and give up what is named above? Type yes: ");
            if ((await input.ReadLineAsync())?.Trim() != "yes")
            {
                await output.WriteLineAsync("Nothing was changed.");
                return false;
            }
        }

        return true;
    }

    private static string Describe(StoreFinding finding) => finding.Action switch
    {
        RepairAction.Restore => $"{finding.Key} has one flipped bit: it will be restored, nothing is given up.",
        RepairAction.Leave => $"{finding.Key} is damaged beyond repair: it stays as it is, {Number(finding.Bytes)} bytes cannot be read.",
        RepairAction.Remove =>
            $"{finding.Key}, the registry of brokers, is damaged beyond repair: it will be removed, and brokers register again when they start.",
        RepairAction.Renewed =>
            $"{finding.Key}, the counter of producer ids, is damaged: it stays as it is until a node gives the next id and replaces it, nothing is given up.",
        RepairAction.RemoveLog =>
            $"{finding.Key} is damaged beyond repair, so its log cannot be opened: all {Number(finding.Objects)} objects of the log, "
            + $"{Number(finding.Bytes)} bytes, will be removed.",
        _ =>
            "Records of unknown keys are lost: what survives will be served, and any of it may be older than what was acknowledged, or was deleted.",
    };

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
