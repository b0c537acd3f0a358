using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>The positions that bound a partition's log, in their order. Each is exclusive: it names the first offset beyond.</summary>
/// <param name="Start">The first offset that can be read.</param>
/// <param name="LastStable">Before it no transaction is open; what read_committed sees.</param>
/// <param name="HighWatermark">Before it every in-sync copy is durable; what a fetch sees, and what acks=all waits for.</param>
/// <param name="DurableEnd">Before it the leader's own copy is durable; what acks=1 waits for.</param>
/// <param name="End">The offset of the next record.</param>
public readonly record struct PartitionPositions(
    Offset Start, Offset LastStable, Offset HighWatermark, Offset DurableEnd, Offset End)
{
    /// <summary>Checks that the positions are in order.</summary>
    public void AssertInvariants() => Invariant.Check(
        Start <= LastStable && LastStable <= HighWatermark && HighWatermark <= DurableEnd && DurableEnd <= End,
        "start <= last stable <= high watermark <= durable end <= end");
}
