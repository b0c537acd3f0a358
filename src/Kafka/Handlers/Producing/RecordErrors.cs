using Loire.Grains.Interfaces.Partitions;
using Loire.Kafka.Protocol.Messages;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>Finds the records because of which a batch was refused. Partitions do not decode records, so it is done here.</summary>
internal static class RecordErrors
{
    /// <summary>The records that are not as a partition demands.</summary>
    /// <param name="bytes">The batch, whose records can be read.</param>
    /// <param name="demands">What the partition demands.</param>
    public static ProduceResponse.RecordError[] Find(ReadOnlySpan<byte> bytes, RecordDemands demands)
    {
        using var decompressor = new BatchDecompressor();
        if (RecordBatch.TryRead(bytes, out var batch) != ErrorCode.None || decompressor.TryDecompress(batch, out var records) != ErrorCode.None)
        {
            return [];
        }

        List<ProduceResponse.RecordError> found = [];
        var reader = new RecordReader(batch, records);
        for (var index = 0; reader.MoveNext(); index++)
        {
            if (Problem(reader.Current, demands) is { } problem)
            {
                found.Add(new ProduceResponse.RecordError { BatchIndex = index, BatchIndexErrorMessage = problem });
            }
        }

        return [.. found];
    }

    private static string? Problem(in Record record, RecordDemands demands) =>
        record.Timestamp != Timestamp.None && record.Timestamp < demands.Oldest ? "The timestamp is older than the topic accepts."
        : record.Timestamp > demands.Newest ? "The timestamp is further ahead than the topic accepts."
        : demands.RequiresKeys && record.KeyIsNull ? "The topic is compacted: a record must have a key."
        : null;
}
