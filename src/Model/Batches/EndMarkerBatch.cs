using System.Buffers.Binary;
using Loire.Model.Transactions;

namespace Loire.Model.Batches;

/// <summary>
/// The batch that ends a transaction in a partition (KIP-98): a control batch of one record, never compressed, whose epoch is the producer's and whose
/// sequence is −1. Integers are big-endian.
/// <code>
///   key     0  u16  version: 0
///           2  u16  type: 0 for an abort, 1 for a commit
///   value   0  u16  version: 0
///           2  i32  the coordinator's epoch: 0
/// </code>
/// </summary>
public static class EndMarkerBatch
{
    private const int KeyBytes = 4;
    private const int ValueBytes = 6;
    private const short Abort = 0;
    private const short Commit = 1;

    /// <summary>Builds a marker, with base offset 0 and without a leader epoch.</summary>
    public static ReadOnlyMemory<byte> Build(ProducerIdentity producer, bool commits, Timestamp time)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        Span<byte> value = stackalloc byte[ValueBytes];
        BinaryPrimitives.WriteInt32BigEndian(key, commits ? Commit : Abort);
        value.Clear();
        using var builder = new RecordBatchBuilder
        {
            ProducerId = producer.Id,
            ProducerEpoch = producer.Epoch,
            BaseSequence = -1,
            IsTransactional = true,
            IsControl = true,
        };
        Invariant.Check(builder.Append(time, key, false, value, false), "a marker fits a batch");
        return builder.Build();
    }

    /// <summary>Reads a stored batch; false if it is not a marker, or not one of a type that is known.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="commits">Whether the transaction committed.</param>
    public static bool TryRead(RecordBatch batch, out bool commits)
    {
        commits = false;
        if (!batch.IsControl || batch.ProducerId < 0 || batch.Compression != CompressionType.None || batch.RecordCount != 1)
        {
            return false;
        }

        var records = new RecordReader(batch, batch.Payload);
        if (!records.MoveNext() || records.Current.Key.Length < KeyBytes)
        {
            return false;
        }

        var type = BinaryPrimitives.ReadInt16BigEndian(records.Current.Key[2..]);
        commits = type == Commit;
        return type is Abort or Commit;
    }
}
