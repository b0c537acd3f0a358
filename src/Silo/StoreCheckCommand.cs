using System.CommandLine;
using System.Globalization;
using Loire.Grains.Hosting;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Storage.Repair;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;

namespace Loire.Silo;

/// <summary>
/// <c>store check</c>: names what is damaged in a store, what its logs miss, and what belongs to no log. It changes nothing.
/// </summary>
internal static class StoreCheckCommand
{
    private const string Description = "Names what is damaged in a store, what its logs miss, and what belongs to no log. Changes nothing.";

    /// <summary>The command.</summary>
    public static Command Create() => StoreCommand.Subcommand("check", Description, (options, _) => RunAsync(options, Console.Out));

    private static async Task<int> RunAsync(NodeOptions options, TextWriter output)
    {
        if (options.Storage == StoreKind.Azure)
        {
            await using var azure = await OfflineAzureStore.OpenAsync(options);
            var logs = await LogRepair.InspectAsync(azure.Listing, azure.Storage, Guid.NewGuid(), TimeProvider.System);
            var root = await RootRepair.InspectAsync(azure.Storage);
            return await CheckAsync([.. logs.Findings, .. root.Findings], azure.Listing, azure.Storage, output);
        }

        await using var files = await FileStoreRepair.OpenAsync(options.Data, NullLogger.Instance);
        return await CheckAsync(files.Findings, files.Store, files.Store, output);
    }

    private static async Task<int> CheckAsync(
        IReadOnlyCollection<StoreFinding> damage, IObjectListing listing, IGrainStorage storage, TextWriter output)
    {
        foreach (var finding in damage)
        {
            await output.WriteLineAsync(finding.Action == RepairAction.AcceptLosses
                ? "Records of unknown keys are lost." : $"{finding.Key} is damaged.");
        }

        var findings = await LogAudit.FindAsync(listing, storage, TimeProvider.System);
        foreach (var finding in findings)
        {
            await output.WriteLineAsync(Describe(finding));
        }

        var wrong = findings.Count(finding => finding.Kind != LogFindingKind.BeingDeleted);
        await output.WriteLineAsync(
            wrong == 0 ? "Every object belongs to a log, and no log misses one."
            : string.Create(CultureInfo.InvariantCulture, $"{wrong:N0} objects are missing, unreadable, or belong to no log."));
        return wrong == 0 && damage.Count == 0 ? 0 : 1;
    }

    private static string Describe(LogFinding finding) => finding.Kind switch
    {
        LogFindingKind.Leaked => $"{finding.Key} belongs to no living log.",
        LogFindingKind.Unlisted => $"{finding.Key} is of no use to its log, and goes with it.",
        LogFindingKind.Missing => $"{finding.Key} is missing: its log lists it.",
        LogFindingKind.Unreadable => $"{finding.Key} cannot be read, so what it lists was not checked.",
        _ => $"{finding.Log} is being deleted; the next use of its name completes that.",
    };
}
