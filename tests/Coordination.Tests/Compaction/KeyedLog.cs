using System.Globalization;
using System.Text;
using Loire.Coordination.Compaction;
using Loire.Coordination.Producers;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Coordination.Tests.Compaction;

/// <summary>
/// A log of batches as a partition stores them, compacted in memory. A record is written as "key=value", "key" for one without a value, "=value" for
/// one without a key; records of one batch are separated by spaces.
/// </summary>
internal sealed class KeyedLog
{
    private readonly List<ReadOnlyMemory<byte>> _batches = [];

    /// <summary>The offset after the last record.</summary>
    public Offset End { get; private set; }

    /// <summary>Where the part that has been compacted ends.</summary>
    public Offset CleanTo { get; private set; }

    /// <summary>Whether the last pass has kept deletions.</summary>
    public bool KeptTombstones { get; private set; }

    /// <summary>The batches.</summary>
    public List<ReadOnlyMemory<byte>> Batches => _batches;

    /// <summary>The records as "offset:key=value", in order.</summary>
    public List<string> Records => [.. _batches.SelectMany(RecordsOf)];

    /// <summary>Appends a batch whose records have one timestamp.</summary>
    public KeyedLog Append(string records, long timestamp = 1, CompressionType codec = CompressionType.None, long producer = -1, int sequence = -1)
    {
        using var builder = new RecordBatchBuilder();
        if (producer >= 0)
        {
            (builder.ProducerId, builder.ProducerEpoch, builder.BaseSequence) = (producer, 0, sequence);
        }

        foreach (var record in records.Split(' '))
        {
            var at = record.IndexOf('=', StringComparison.Ordinal);
            var (key, value) = at < 0 ? (record, "") : (record[..at], record[(at + 1)..]);
            builder.Append(
                new Timestamp(timestamp), Encoding.UTF8.GetBytes(key), key.Length == 0, Encoding.UTF8.GetBytes(value), at < 0);
        }

        return Append(builder.Build(codec));
    }

    /// <summary>Appends a batch.</summary>
    public KeyedLog Append(ReadOnlyMemory<byte> batch)
    {
        var bytes = batch.ToArray();
        RecordBatch.Stamp(bytes, End, new LeaderEpoch(0), bytes);
        _batches.Add(bytes);
        RecordBatch.TryRead(bytes, out var view);
        End = view.NextOffset;
        return this;
    }

    /// <summary>Compacts everything up to an offset, in as many passes as the map needs; returns how many those were.</summary>
    public int Compact(long now = 1, long tombstoneTime = 0, int keys = 1_000, Offset? to = null, bool isLastOfProducer = true)
    {
        var (end, passes) = (to ?? End, 0);
        while (CleanTo < end)
        {
            using var scan = new KeyScan(CleanTo, OffsetMap.SlotsFor(keys));
            foreach (var batch in _batches.Where(batch => Read(batch).NextOffset > CleanTo && Read(batch).NextOffset <= end))
            {
                Invariant.Check(scan.Add(batch.Span, AbortedLookup.None) == ErrorCode.None, "an intact batch is read");
            }

            using var compaction = new BatchCompaction(
                scan.Latest, scan.End, new Timestamp(now), TimeSpan.FromMilliseconds(tombstoneTime), AbortedLookup.None, (_, _) => isLastOfProducer);
            for (var i = 0; i < _batches.Count; i++)
            {
                var compacted = compaction.Compact(_batches[i]);
                Invariant.Check(compacted.Error == ErrorCode.None, "an intact batch is compacted");
                _batches[i] = compacted.Bytes;
            }

            KeptTombstones = compaction.HasTombstones;
            _batches.RemoveAll(batch => batch.IsEmpty);
            Invariant.Check(scan.End > CleanTo, "a pass goes on");
            CleanTo = scan.IsFull ? scan.End : end;
            passes++;
        }

        return passes;
    }

    private static RecordBatch Read(ReadOnlyMemory<byte> bytes)
    {
        Invariant.Check(RecordBatch.TryRead(bytes.Span, out var batch) == ErrorCode.None && batch.CrcIsValid(), "a stored batch is valid");
        return batch;
    }

    private static List<string> RecordsOf(ReadOnlyMemory<byte> bytes)
    {
        using var decompressor = new BatchDecompressor();
        var batch = Read(bytes);
        var records = default(ReadOnlySpan<byte>);
        Invariant.Check(batch.RecordCount == 0 || decompressor.TryDecompress(batch, out records) == ErrorCode.None, "a stored batch is readable");
        var reader = new RecordReader(batch, records);
        var lines = new List<string>();
        while (reader.MoveNext())
        {
            var record = reader.Current;
            var value = record.ValueIsNull ? "" : "=" + Encoding.UTF8.GetString(record.Value);
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{record.Offset}:{Encoding.UTF8.GetString(record.Key)}{value}"));
        }

        Invariant.Check(reader.Error == ErrorCode.None, "the records of a stored batch are well-formed");
        return lines;
    }
}
