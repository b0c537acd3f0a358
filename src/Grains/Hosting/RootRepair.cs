using Loire.Grains.Brokers;
using Loire.Grains.Transactions;
using Loire.Log.Audits;
using Orleans.Storage;

namespace Loire.Grains.Hosting;

/// <summary>
/// Inspects the values of the root in a store that no node uses, and repairs them if the operator agrees. One flipped bit is restored. Beyond that the
/// registry of brokers is removed: brokers register again when they start, under epochs from 1 on. The counter of producer ids stays: without it ids would
/// begin again, while a node that finds it damaged goes on from a higher one.
/// </summary>
public sealed class RootRepair
{
    private readonly List<(StoreFinding Finding, Func<Task<bool>> Apply)> _steps = [];

    private RootRepair()
    {
    }

    /// <summary>The damage; empty if the values are sound, or the store has none.</summary>
    public IEnumerable<StoreFinding> Findings => _steps.Select(step => step.Finding);

    /// <summary>Inspects the values. Changes nothing.</summary>
    /// <param name="storage">The grain storage of the logs, of a store without checksums of its own.</param>
    public static async Task<RootRepair> InspectAsync(IGrainStorage storage)
    {
        var (repair, root) = (new RootRepair(), new StorageClusterRoot(storage));
        await repair.InspectAsync(root, BrokerRegistration.Key, (text, bytes, version) => (
            new StoreFinding(RepairAction.Remove, text, 1, bytes), () => root.RemoveAsync(BrokerRegistration.Key, version)));
        await repair.InspectAsync(root, ProducerIds.Key, (text, _, _) => (
            new StoreFinding(RepairAction.Renewed, text, 0, 0), () => Task.FromResult(true)));
        return repair;
    }

    /// <summary>Repairs what was found.</summary>
    /// <returns>Whether all of it is repaired; false if a value is no longer the inspected one.</returns>
    public async Task<bool> ApplyAsync()
    {
        var isRepaired = true;
        foreach (var (_, apply) in _steps)
        {
            isRepaired &= await apply();
        }

        return isRepaired;
    }

    private async Task InspectAsync(
        StorageClusterRoot root, string key, Func<string, int, string?, (StoreFinding, Func<Task<bool>>)> beyondRepair)
    {
        var (bytes, version) = await root.ReadBytesAsync(key);
        if (bytes is not null && !StorageClusterRoot.TryValue(key, bytes, out _))
        {
            var text = $"{StorageClusterRoot.GrainType}/{key}";
            _steps.Add(StorageClusterRoot.TryCorrect(key, bytes, out var value)
                ? (new StoreFinding(RepairAction.Restore, text, 0, 0), () => root.CompareAndSwapAsync(key, version, value).AsTask())
                : beyondRepair(text, bytes.Length, version));
        }
    }
}
