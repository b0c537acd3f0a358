namespace Loire.Coordination.Producers;

/// <summary>
/// What a transaction's coordinator said of a producer that begins to write to a partition (KIP-890): that the partition belongs to the open transaction.
/// Holds until a marker arrives that may end that transaction, so that no record of a transaction follows its end.
/// </summary>
/// <param name="producer">The producer's id.</param>
/// <param name="epoch">The epoch in which it writes.</param>
public sealed class TransactionCheck(long producer, short epoch)
{
    /// <summary>The producer's id.</summary>
    public long Producer { get; } = producer;

    /// <summary>The epoch in which it writes.</summary>
    public short Epoch { get; } = epoch;

    /// <summary>The number of the transaction, as the coordinator said; 0 until it has answered.</summary>
    public long Number { get; private set; }

    /// <summary>Whether a marker has ended what it may have been about.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>The coordinator has confirmed it.</summary>
    /// <param name="number">The number of the transaction; at least 1.</param>
    public void Confirm(long number) => Number = number;

    /// <summary>A marker is being written.</summary>
    internal void Meet(in MarkerToWrite marker) => IsCancelled |=
        Epoch < marker.Marker.Epoch || (Epoch == marker.Marker.Epoch && !marker.RaisesEpoch && Number <= marker.Number);
}
