using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// The way of one request into one partition. At most one append is in flight, so what the partition accepts of the request is always a prefix of
/// what the request sent to it, whatever fails.
/// </summary>
internal sealed class PartitionLane(int partition)
{
    public int Partition => partition;

    /// <summary>The batch under construction; null while there is none.</summary>
    public RecordBatchBuilder? Builder { get; set; }

    /// <summary>Where the lane stands among those with a batch under construction.</summary>
    public int OpenIndex { get; set; }

    /// <summary>Which record of the request, from 0, is the first of the batch under construction.</summary>
    public long FirstRecord { get; set; }

    /// <summary>The append in flight; null while there is none.</summary>
    public Sending? InFlight { get; set; }

    /// <summary>The appends that were acknowledged, in order, where the request wants the offset of each record.</summary>
    public List<Accepted>? History { get; set; }

    public long RecordsAccepted { get; private set; }

    public Offset FirstOffset { get; private set; } = Offset.None;

    public Offset LastOffset { get; private set; } = Offset.None;

    public void Accept(Accepted accepted)
    {
        RecordsAccepted += accepted.Records;
        FirstOffset = FirstOffset == Offset.None ? accepted.FirstOffset : FirstOffset;
        LastOffset = accepted.LastOffset;
        History?.Add(accepted);
    }
}

/// <summary>Records that were acknowledged together. With <c>acks=0</c> their offsets are unknown.</summary>
internal readonly record struct Accepted(int Partition, Offset FirstOffset, Offset LastOffset, long Records);

/// <summary>An append on its way.</summary>
/// <param name="Lane">Where to.</param>
/// <param name="FirstRecord">Its first record's number in the request, from 0.</param>
/// <param name="Records">How many records it holds.</param>
/// <param name="Bytes">Their size.</param>
internal sealed record Sending(PartitionLane Lane, long FirstRecord, long Records, int Bytes)
{
    /// <summary>The answer; never fails by an exception that we know how to name.</summary>
    public required Task<AppendResult> Answer { get; init; }
}
