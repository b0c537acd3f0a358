using Loire.Model;

namespace Loire.Coordination.Producers;

/// <summary>A coordinator's order to end a transaction in a partition.</summary>
/// <param name="Marker">The marker that the log is to have.</param>
/// <param name="RaisesEpoch">Whether the marker's epoch is above that of the transaction.</param>
/// <param name="Number">The number of the transaction among those of its transactional id.</param>
public readonly record struct MarkerToWrite(EndMarker Marker, bool RaisesEpoch, long Number);

/// <summary>What to do with a marker.</summary>
public enum MarkerStep
{
    /// <summary>Append it.</summary>
    Append,

    /// <summary>Nothing: the transaction has ended here already, once what was appended up to <see cref="MarkerVerdict.Next"/> is durable.</summary>
    Confirm,

    /// <summary>
    /// Ask the coordinator which transaction is open: the log does not say it, and the marker may belong to an earlier one.
    /// </summary>
    Ask,
}

/// <summary>What a partition does with a marker.</summary>
/// <param name="Step">What to do.</param>
/// <param name="Next">The offset after what must be durable before it is confirmed; <see cref="Offset.Zero"/> if all is.</param>
public readonly record struct MarkerVerdict(MarkerStep Step, Offset Next);
