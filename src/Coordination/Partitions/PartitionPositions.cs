using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>The positions of a partition's log, in ascending order. All except Start are exclusive ends of a range.</summary>
/// <param name="Start">The first readable offset.</param>
/// <param name="LastStable">No transaction is open before it; the limit of read_committed fetches.</param>
/// <param name="HighWatermark">Every in-sync copy is durable before it; the limit of fetches, and what acks=all waits for.</param>
/// <param name="DurableEnd">The leader's own copy is durable before it; what acks=1 waits for.</param>
/// <param name="End">The offset of the next record.</param>
public readonly record struct PartitionPositions(
    Offset Start, Offset LastStable, Offset HighWatermark, Offset DurableEnd, Offset End)
{
    /// <summary>Asserts that the positions are in order.</summary>
    public void AssertInvariants() => Invariant.Check(
        Start <= LastStable && LastStable <= HighWatermark && HighWatermark <= DurableEnd && DurableEnd <= End,
        "start <= last stable <= high watermark <= durable end <= end");
}
