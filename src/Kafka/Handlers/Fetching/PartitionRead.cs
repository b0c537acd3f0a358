using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>What a read of one partition has brought.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or one of the few errors that clients accept in an answer to a fetch.</param>
/// <param name="Bounds">The positions of the log as they were last told; null with an error.</param>
/// <param name="Pieces">Whole batches, in pieces that are not copied.</param>
/// <param name="Next">Where reading goes on.</param>
/// <param name="Aborted">The aborted transactions that have records among these; null for none.</param>
/// <param name="Diverging">Where what the client has ends to be part of the log; null if it is.</param>
internal sealed record PartitionRead(
    ErrorCode Error, PartitionOffsets? Bounds, ReadOnlyMemory<byte>[] Pieces, Offset Next, AbortedTransaction[]? Aborted = null, EpochEnd? Diverging = null)
{
    /// <summary>The bytes of all pieces.</summary>
    public long Bytes { get; } = Pieces.Sum(static piece => (long)piece.Length);

    /// <summary>
    /// Whether the partition was found not to exist before its log was read. Such an error does not end the wait of a fetch while another partition can be read.
    /// </summary>
    public bool IsUnknown => Error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId;

    /// <summary>Whether more can be read behind the batches.</summary>
    public bool HasMore(IsolationLevel isolation) => Bounds is { } bounds && Next < bounds.End(isolation);

    /// <summary>The same without records.</summary>
    public PartitionRead WithoutRecords() => Pieces.Length == 0 ? this : new PartitionRead(Error, Bounds, [], Next, null, Diverging);

    /// <summary>A read that failed.</summary>
    public static PartitionRead Failed(ErrorCode error) => new(error, null, [], Offset.None);
}
