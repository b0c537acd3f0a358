
namespace Loire.Storage.Objects;

/// <summary>Whether a store takes writes.</summary>
public enum StoreCondition
{
    /// <summary>It does.</summary>
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

/// <summary>What a store says about itself.</summary>
/// <param name="Condition">Whether it takes writes.</param>
/// <param name="Reason">Why it does not; null when it does.</param>
/// <param name="DamagedObjects">Objects whose stored bytes are known to be corrupt; reads of them are refused.</param>
/// <param name="HasUnknownLosses"> Whether damage has swallowed records of unknown keys: then every object without a later record is
/// refused (<see cref="FileStoreOptions.AcceptUnknownLosses"/>). </param>
public readonly record struct StoreHealth(StoreCondition Condition, string? Reason, long DamagedObjects, bool HasUnknownLosses);
