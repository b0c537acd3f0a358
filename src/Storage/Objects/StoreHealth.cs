
namespace Loire.Storage.Objects;

/// <summary>Whether a store accepts writes.</summary>
public enum StoreCondition
{
    /// <summary>The store accepts writes.</summary>
    Ok,

    /// <summary>
    /// The last write was refused because the device has no space left. Reads are served; writes work again once there is space.
    /// </summary>
    Full,

    /// <summary>
    /// A write or a sync failed with unknown effect. Reads are served; no write is acknowledged until the process has restarted and
    /// recovered.
    /// </summary>
    Broken,
}

/// <summary>The health of a store.</summary>
/// <param name="Condition">Whether the store accepts writes.</param>
/// <param name="Reason">Why it does not accept writes; null if it does.</param>
/// <param name="DamagedObjects">Objects whose stored bytes are known to be corrupt; reads of them are refused.</param>
/// <param name="HasUnknownLosses">Whether damage has lost records of unknown keys: every object without a later record is then refused
/// (<see cref="FileStoreOptions.AcceptUnknownLosses"/>).</param>
public readonly record struct StoreHealth(StoreCondition Condition, string? Reason, long DamagedObjects, bool HasUnknownLosses);
