using Loire.Model;

namespace Loire.Client;

/// <summary>The positions that a consumer has reached, for transactions that commit them.</summary>
internal interface IDeliveredPositions
{
    /// <summary>Whether the consumer commits positions by itself.</summary>
    bool CommitsAutomatically { get; }

    /// <summary>The positions after delivered records that are not committed, and as whom the consumer has reached them.</summary>
    /// <exception cref="ArgumentException">The consumer has no group.</exception>
    /// <exception cref="GroupException">A partition of records that were delivered since was lost.</exception>
    (ConsumerGroupMetadata Group, IReadOnlyList<ReadPosition> Positions) Delivered();

    /// <summary>A position was committed.</summary>
    void Committed(ReadPosition position);

    /// <summary>Goes back to an offset of the partition of the records delivered last, unless it was lost.</summary>
    void Return(TopicPartition partition, Offset offset);
}
