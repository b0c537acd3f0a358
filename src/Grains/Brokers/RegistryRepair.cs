using Loire.Log.Audits;
using Orleans.Storage;

namespace Loire.Grains.Brokers;

/// <summary>
/// Inspects the registry of brokers in a store that no node uses, and repairs it if the operator agrees. One flipped bit is restored. Beyond that the registry
/// is removed: brokers register again when they start, under epochs from 1 on.
/// </summary>
public sealed class RegistryRepair
{
    private const string RegistryKey = $"{StorageClusterRoot.GrainType}/{BrokerRegistration.Key}";

    private readonly Func<Task<bool>> _apply;

    private RegistryRepair(StoreFinding? finding, Func<Task<bool>> apply) => (Finding, _apply) = (finding, apply);

    /// <summary>The damage; null if the registry is sound, or the store has none.</summary>
    public StoreFinding? Finding { get; }

    /// <summary>Inspects the registry. Changes nothing.</summary>
    /// <param name="storage">The grain storage of the logs, of a store without checksums of its own.</param>
    public static async Task<RegistryRepair> InspectAsync(IGrainStorage storage)
    {
        var root = new StorageClusterRoot(storage);
        var (bytes, version) = await root.ReadBytesAsync(BrokerRegistration.Key);
        if (bytes is null || StorageClusterRoot.TryValue(BrokerRegistration.Key, bytes, out _))
        {
            return new RegistryRepair(null, () => Task.FromResult(true));
        }

        return StorageClusterRoot.TryCorrect(BrokerRegistration.Key, bytes, out var value)
            ? new RegistryRepair(
                new StoreFinding(RepairAction.Restore, RegistryKey, 0, 0), () => root.CompareAndSwapAsync(BrokerRegistration.Key, version, value).AsTask())
            : new RegistryRepair(
                new StoreFinding(RepairAction.Remove, RegistryKey, 1, bytes.Length), () => root.RemoveAsync(BrokerRegistration.Key, version));
    }

    /// <summary>Repairs what was found.</summary>
    /// <returns>Whether it is repaired; false if the registry is no longer the inspected one.</returns>
    public Task<bool> ApplyAsync() => _apply();
}
