namespace Loire.Log.Audits;

/// <summary>What a repair does about damage.</summary>
public enum RepairAction
{
    /// <summary>The object has one flipped bit and is restored. Nothing is lost.</summary>
    Restore,

    /// <summary>The object stays as it is: reads of it are refused, the rest of its log is served.</summary>
    Leave,

    /// <summary>The object is removed, because the cluster cannot start with it and makes a new one without it: the registry of brokers.</summary>
    Remove,

    /// <summary>The object stays as it is, and nothing is given up: the cluster replaces it at its next use. The counter of producer ids.</summary>
    Renewed,

    /// <summary>A log cannot be opened without this object: all of the log's objects are removed, and its name is free again.</summary>
    RemoveLog,

    /// <summary>
    /// Records of unknown keys are lost, so every object without a later record is refused. The surviving versions are served from then on;
    /// any of them may be older than what was acknowledged, or deleted. Only of a store that keeps records of keys.
    /// </summary>
    AcceptLosses,
}

/// <summary>Damage that an inspection of a store has found.</summary>
/// <param name="Action">What a repair does about it.</param>
/// <param name="Key">The key of the damaged object; empty for <see cref="RepairAction.AcceptLosses"/>.</param>
/// <param name="Objects">How many objects are given up.</param>
/// <param name="Bytes">Bytes of the objects that are given up.</param>
public sealed record StoreFinding(RepairAction Action, string Key, int Objects, long Bytes);
