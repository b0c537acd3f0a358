using System.Text;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.TestKit.Fakes;

/// <summary>A decoded record with its place.</summary>
public sealed record ConsumedRecord(
    TopicPartition Partition, Offset Offset, Timestamp Timestamp, byte[]? Key, byte[]? Value, ConsumedHeader[] Headers);

/// <summary>A header of a record.</summary>
public readonly record struct ConsumedHeader(string Key, byte[]? Value);

/// <summary>Records as a consumer delivers them, and back.</summary>
public static class ConsumedRecords
{
    /// <summary>A slice for each run of records with consecutive offsets of one partition.</summary>
    public static ConsumedSlice[] ToSlices(IEnumerable<ConsumedRecord> records)
    {
        List<List<ConsumedRecord>> runs = [];
        foreach (var record in records)
        {
            if (runs.Count == 0 || runs[^1][^1].Partition != record.Partition || runs[^1][^1].Offset + 1 != record.Offset)
            {
                runs.Add([]);
            }

            runs[^1].Add(record);
        }

        return [.. runs.Select(run => new ConsumedSlice(run[0].Partition, ToSlice(run)))];
    }

    /// <summary>The records of an answer.</summary>
    public static ConsumedRecord[] Decode(this TakeResult delivery)
    {
        List<ConsumedRecord> decoded = [];
        foreach (var (partition, records) in delivery.Slices)
        {
            foreach (var record in records)
            {
                List<ConsumedHeader> headers = [];
                foreach (var header in record.Headers)
                {
                    headers.Add(new(Encoding.UTF8.GetString(header.Key), header.ValueIsNull ? null : header.Value.ToArray()));
                }

                decoded.Add(new ConsumedRecord(
                    partition, record.Offset, record.Timestamp, record.KeyIsNull ? null : record.Key.ToArray(),
                    record.ValueIsNull ? null : record.Value.ToArray(), [.. headers]));
            }
        }

        return [.. decoded];
    }

    private static RecordSlice ToSlice(List<ConsumedRecord> records)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var record in records)
        {
            RecordHeader[] headers = [.. record.Headers.Select(
                header => new RecordHeader(Encoding.UTF8.GetBytes(header.Key), header.Value, header.Value is null))];
            Invariant.Check(
                builder.Append(record.Timestamp, record.Key, record.Key is null, record.Value, record.Value is null, headers));
        }

        var batch = builder.Build().ToArray();
        RecordBatch.Stamp(batch, records[0].Offset, new LeaderEpoch(0), batch);
        Invariant.Check(RecordBatch.TryRead(batch, out var view) == ErrorCode.None);
        var error = RecordSlice.TryRead(view, batch.AsMemory(RecordBatch.HeaderSize), records[0].Offset, out var slice);
        Invariant.Check(error == ErrorCode.None);
        return slice!;
    }
}
