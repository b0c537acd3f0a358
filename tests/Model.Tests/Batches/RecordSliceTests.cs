using System.Globalization;
using System.Text;
using Loire.Model.Batches;

namespace Loire.Model.Tests.Batches;

/// <summary>Records that are passed on undecoded, cut between records.</summary>
public sealed class RecordSliceTests
{
    private const int Count = 7;

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Slice_begins_at_any_record_of_a_batch_and_decodes_to_the_records_from_there_on(CompressionType compression)
    {
        var all = Describe(Open(compression, Offset.Zero)!);
        Assert.Equal(Count, all.Count);
        for (var from = 0; from < Count; from++)
        {
            var slice = Open(compression, new Offset(100 + from))!;
            Assert.Equal((Count - from, new Offset(100 + from), new Offset(100 + Count - 1)), (slice.Count, slice.FirstOffset, slice.LastOffset));
            Assert.Equal(all[from..], Describe(slice));
        }

        Assert.Null(Open(compression, new Offset(100 + Count)));
    }

    [Fact]
    public void Records_cut_off_and_those_left_are_together_what_there_was()
    {
        var slice = Open(CompressionType.None, new Offset(101))!;
        for (var records = 1; records <= slice.Count; records++)
        {
            var (head, tail) = slice.Cut(records, long.MaxValue, takesFirst: false);
            Assert.Equal(records, head!.Count);
            Assert.Equal(slice.Count - records, tail?.Count ?? 0);
            Assert.Equal(Describe(slice), Describe(head).Concat(tail is null ? [] : Describe(tail)));
            Assert.Equal(slice.Size, head.Size + (tail?.Size ?? 0));
            Assert.Equal(head.LastOffset + 1, tail?.FirstOffset ?? slice.LastOffset + 1);
        }
    }

    [Fact]
    public void Bytes_of_keys_values_and_headers_bound_a_cut_unless_the_first_record_must_come()
    {
        var slice = Open(CompressionType.None, Offset.Zero)!;
        var sizes = new List<int>();
        foreach (var record in slice)
        {
            sizes.Add(record.Size);
        }

        // A value of one byte; a key besides; nothing at all.
        Assert.Equal([1, 2, 0], sizes[..3]);
        Assert.Equal(slice.Size, sizes.Sum());
        Assert.Equal(1, slice.Cut(2, 2, takesFirst: false).Head!.Count);
        Assert.Equal(2, slice.Cut(2, 3, takesFirst: false).Head!.Count);
        Assert.Equal((null, slice), slice.Cut(10, 0, takesFirst: false));
        Assert.Equal(1, slice.Cut(10, 0, takesFirst: true).Head!.Count);
    }

    [Fact]
    public void Records_of_a_batch_with_append_time_have_that_time_in_every_cut()
    {
        var batch = Batch(CompressionType.None);
        RecordBatch.Restamp(batch.ToArray(), new Offset(100), new LeaderEpoch(0), new Timestamp(9_000), batch);
        RecordBatch.TryRead(batch, out var view);
        Assert.Equal(ErrorCode.None, RecordSlice.TryRead(view, batch.AsMemory(RecordBatch.HeaderSize), new Offset(103), out var slice));
        foreach (var record in slice!.Cut(2, long.MaxValue, takesFirst: true).Tail!)
        {
            Assert.Equal(new Timestamp(9_000), record.Timestamp);
        }
    }

    [Fact]
    public void Records_before_a_malformed_one_come_with_the_error()
    {
        // Two records without key and value, then one whose key reaches beyond its end.
        var payload = Convert.FromHexString("0c000000010100" + "0c000002010100" + "0c000004080100");
        RecordBatch.TryRead(HostileBatch.Of(payload, count: 3), out var view);
        Assert.Equal(ErrorCode.InvalidRecord, RecordSlice.TryRead(view, payload, Offset.Zero, out var slice));
        Assert.Equal((2, new Offset(1)), (slice!.Count, slice.LastOffset));
        Assert.Equal(ErrorCode.InvalidRecord, RecordSlice.TryRead(view, payload, new Offset(2), out slice));
        Assert.Null(slice);
    }

    private static RecordSlice? Open(CompressionType compression, Offset from)
    {
        var batch = Batch(compression);
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(batch, out var view));
        using var decompressor = new BatchDecompressor();
        Assert.Equal(ErrorCode.None, decompressor.TryDecompress(view, batch, out var records));
        Assert.Equal(ErrorCode.None, RecordSlice.TryRead(view, records.ToArray(), from, out var slice));
        return slice;
    }

    private static byte[] Batch(CompressionType compression)
    {
        using var builder = new RecordBatchBuilder();
        builder.Append(new Timestamp(1_000), default, true, "a"u8, false);
        builder.Append(new Timestamp(1_001), "k"u8, false, "b"u8, false);
        builder.Append(new Timestamp(500), default, true, default, true);
        builder.Append(Timestamp.None, default, false, default, false);
        RecordHeader[] headers =
            [new("h"u8.ToArray(), "1"u8.ToArray()), new("h"u8.ToArray(), "2"u8.ToArray()), new("h"u8.ToArray(), default, true)];
        builder.Append(new Timestamp(2_000), default, true, "c"u8, false, headers);
        builder.Append(new Timestamp(2_000), default, true, new byte[300], false);
        builder.Append(new Timestamp(3_000), "last"u8, false, default, true);
        var batch = builder.Build(compression).ToArray();
        RecordBatch.Stamp(batch, new Offset(100), new LeaderEpoch(0), batch);
        return batch;
    }

    private static List<string> Describe(RecordSlice slice)
    {
        var found = new List<string>();
        foreach (var record in slice)
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"{record.Offset}@{record.Timestamp.Milliseconds} ")
                .Append(record.KeyIsNull ? "null" : Convert.ToHexString(record.Key)).Append('=')
                .Append(record.ValueIsNull ? "null" : Convert.ToHexString(record.Value));
            foreach (var header in record.Headers)
            {
                text.Append(' ').Append(Convert.ToHexString(header.Key)).Append(':')
                    .Append(header.ValueIsNull ? "null" : Convert.ToHexString(header.Value));
            }

            found.Add(text.ToString());
        }

        return found;
    }
}
