using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Memory;

namespace Loire.Grains.Tests.Partitions;

/// <summary>Appends whose records the broker decodes: a topic with a codec of its own, and a compacted one.</summary>
public class ConversionTests
{
    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>()];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Batches_are_stored_in_the_topics_codec_and_otherwise_as_they_came(CompressionType topic)
    {
        var bench = Bench(PartitionBench.Defaults with { Compression = topic });
        foreach (var produced in Enum.GetValues<CompressionType>())
        {
            var batch = Keyed(produced, "a", "b");
            Assert.Equal((ErrorCode.None, 2 * (int)produced, (2 * (int)produced) + 1), Offsets(bench.Appended(batch)));

            var stored = Stored(bench)[^1];
            RecordBatch.TryRead(stored, out var view);
            Assert.Equal(topic, view.Compression);
            Assert.True(view.CrcIsValid());
            Assert.Equal(Kept(batch.Span), Kept(stored));
            Assert.True(produced != topic || batch.Span[RecordBatch.StampSize..].SequenceEqual(stored.AsSpan(RecordBatch.StampSize)));
        }

        Assert.Equal("0:a 1:b 2:a 3:b 4:a 5:b 6:a 7:b 8:a 9:b", Text(bench));
    }

    [Fact]
    public void A_codec_set_on_an_open_partition_applies_to_the_next_append_and_so_does_its_reset()
    {
        var bench = Bench(PartitionBench.Defaults);
        bench.Appended("a");
        Configure(bench, PartitionBench.Defaults with { Version = 2, Compression = CompressionType.Zstd });
        bench.Appended("b");
        Configure(bench, PartitionBench.Defaults with { Version = 3 });
        bench.Appended("c");

        Assert.Equal([CompressionType.None, CompressionType.Zstd, CompressionType.None], Stored(bench).Select(Codec));
    }

    [Fact]
    public void Compression_runs_outside_the_partitions_turns_and_later_appends_keep_their_order()
    {
        var elsewhere = new DriverThread();
        var bench = Bench(PartitionBench.Defaults with { Compression = CompressionType.Lz4 }, computations: elsewhere);
        var first = bench.Append(Keyed(CompressionType.None, "first"));
        var second = bench.Append(Keyed(CompressionType.Lz4, "second"));
        var third = bench.Append(Keyed(CompressionType.Gzip, "third"));
        Assert.Equal(0, bench.Offsets().LogEnd.Value);
        Assert.Equal("", Text(bench));
        Assert.DoesNotContain(true, new[] { first.IsCompleted, second.IsCompleted, third.IsCompleted });

        elsewhere.Run();
        bench.Thread.Run();
        Assert.Equal((0, 1), (first.Now().BaseOffset.Value, second.Now().BaseOffset.Value));
        Assert.False(third.IsCompleted);
        elsewhere.Run();
        bench.Thread.Run();
        Assert.Equal(2, third.Now().BaseOffset.Value);
        Assert.Equal("0:first 1:second 2:third", Text(bench));
    }

    [Fact]
    public void Several_batches_of_one_append_are_converted_where_they_need_it()
    {
        var bench = Bench(PartitionBench.Defaults with { Compression = CompressionType.Zstd });
        var same = Keyed(CompressionType.Zstd, "c");
        var appended = bench.Appended(Batch.Join(Keyed(CompressionType.None, "a", "b"), same, Keyed(CompressionType.Gzip, "d")));

        Assert.Equal((ErrorCode.None, 0, 3), Offsets(appended));
        Assert.Equal("0:a 1:b 2:c 3:d", Text(bench));
        Assert.All(Stored(bench), batch => Assert.Equal(CompressionType.Zstd, Codec(batch)));
        Assert.Equal(same.Span[RecordBatch.StampSize..].ToArray(), Stored(bench)[1][RecordBatch.StampSize..]);
    }

    [Fact]
    public void With_LogAppendTime_a_converted_batch_has_the_brokers_time()
    {
        var bench = Bench(PartitionBench.Defaults with { Compression = CompressionType.Snappy, TimestampType = TimestampType.LogAppendTime });
        Assert.Equal(1_767_225_600_000, bench.Appended(Batch.At(new Timestamp(5), "a")).LogAppendTime.Milliseconds);

        RecordBatch.TryRead(Stored(bench).Single(), out var view);
        Assert.Equal((CompressionType.Snappy, TimestampType.LogAppendTime), (view.Compression, view.TimestampType));
        Assert.True(view.CrcIsValid());
    }

    [Theory]
    [InlineData(0, ErrorCode.None, "as large as allowed")]
    [InlineData(-1, ErrorCode.MessageTooLarge, "a byte too large")]
    public void The_limit_of_a_batch_holds_for_its_size_in_the_topics_codec(int beyond, ErrorCode error, string reason)
    {
        var uncompressed = Keyed(CompressionType.None, new string('x', 5_000)).Length;
        var bench = Bench(PartitionBench.Defaults with { Compression = CompressionType.None, MaxMessageBytes = uncompressed + beyond });
        var appended = bench.Appended(Keyed(CompressionType.Gzip, new string('x', 5_000)));

        Assert.True(error == appended.Error, $"{reason}: {appended.Error}, {appended.Detail}");
    }

    [Fact]
    public void The_limit_of_a_batch_holds_also_as_it_arrives()
    {
        var bench = Bench(PartitionBench.Defaults with { Compression = CompressionType.Gzip, MaxMessageBytes = 1_000 });
        Assert.Equal(ErrorCode.MessageTooLarge, bench.Appended(Keyed(CompressionType.None, new string('x', 5_000))).Error);
    }

    [Fact]
    public void Small_batches_that_become_too_large_together_are_refused()
    {
        var bench = Bench(PartitionBench.Defaults with { Compression = CompressionType.None, MaxMessageBytes = 17 * 1024 * 1024 });
        var batch = Keyed(CompressionType.Zstd, new string('x', 16 * 1024 * 1024));
        Assert.Equal(ErrorCode.None, bench.Appended(Batch.Join(batch, batch, batch)).Error);

        var refused = bench.Appended(Batch.Join(batch, batch, batch, batch));
        Assert.Equal(ErrorCode.RecordListTooLarge, refused.Error);
        Assert.NotNull(refused.Detail);
    }

    [Fact]
    public void An_append_that_decompresses_to_more_than_256_MiB_is_refused()
    {
        var bench = Bench(PartitionBench.Defaults with { Compression = CompressionType.Lz4 });
        var batch = Keyed(CompressionType.Zstd, new string('x', (16 * 1024 * 1024) - 100));
        Assert.Equal(ErrorCode.None, bench.Appended(Batch.Join([.. Enumerable.Repeat(batch, 16)])).Error);
        Assert.Equal(ErrorCode.RecordListTooLarge, bench.Appended(Batch.Join([.. Enumerable.Repeat(batch, 17)])).Error);
    }

    [Theory]
    [InlineData(CompressionType.Zstd, false, ErrorCode.InvalidRecord, "it cannot be converted")]
    [InlineData(null, true, ErrorCode.InvalidRecord, "its keys cannot be checked")]
    [InlineData(CompressionType.Gzip, false, ErrorCode.None, "it is in the codec already")]
    [InlineData(null, false, ErrorCode.None, "batches are stored as they come")]
    public void A_batch_that_cannot_be_decompressed_is_refused_where_it_must_be(
        CompressionType? codec, bool requiresKeys, ErrorCode error, string reason)
    {
        var bytes = Keyed(CompressionType.Gzip, new string('x', 500)).ToArray();
        bytes.AsSpan(RecordBatch.HeaderSize).Fill(0xAB);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(17), Crc32C.Compute(bytes.AsSpan(21)));
        var bench = Bench(PartitionBench.Defaults with { Compression = codec, RequiresKeys = requiresKeys });
        var appended = bench.Appended(bytes);

        Assert.True(error == appended.Error, $"{reason}: {appended.Error}");
        Assert.Equal(error == ErrorCode.None, appended.Detail is null);
        Assert.Equal(error == ErrorCode.None ? 1 : 0, bench.Offsets().LogEnd.Value);
    }

    public static TheoryData<string, byte[]> WithoutKeys => new()
    {
        { "the only record", Batch.Of("v").ToArray() },
        { "the second of three", Mixed(CompressionType.None, "k", null, "k") },
        { "in a compressed batch", Mixed(CompressionType.Zstd, "k", null) },
        { "in a large batch", [.. Keyed(CompressionType.None, new string('x', 100_000)).Span, .. Batch.Of("v").Span] },
    };

    [Theory]
    [MemberData(nameof(WithoutKeys))]
    public void A_compacted_topic_refuses_records_without_a_key(string reason, byte[] bytes)
    {
        var bench = Bench(PartitionBench.Defaults with { RequiresKeys = true });
        var refused = bench.Appended(bytes);

        Assert.True(refused.Error == ErrorCode.InvalidRecord, reason);
        Assert.Contains("cleanup.policy", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, bench.Offsets().LogEnd.Value);
        Assert.Equal(ErrorCode.None, Bench(PartitionBench.Defaults).Appended(bytes).Error);
    }

    [Fact]
    public void A_compacted_topic_takes_keys_also_empty_ones_and_tombstones()
    {
        using var builder = new RecordBatchBuilder();
        Assert.True(builder.Append(Timestamp.None, "k"u8, false, [], valueIsNull: true));
        Assert.True(builder.Append(Timestamp.None, [], keyIsNull: false, "v"u8, false));
        var bench = Bench(PartitionBench.Defaults with { RequiresKeys = true });

        Assert.Equal((ErrorCode.None, 0, 1), Offsets(bench.Appended(builder.Build())));
        Assert.Equal((ErrorCode.None, 2, 3), Offsets(bench.Appended(Mixed(CompressionType.Gzip, "a", "b"))));
    }

    [Fact]
    public void Small_uncompressed_batches_of_a_compacted_topic_are_checked_at_once()
    {
        var bench = Bench(PartitionBench.Defaults with { RequiresKeys = true }, computations: new DriverThread());
        Assert.Equal(ErrorCode.InvalidRecord, bench.Appended(Batch.Of("v")).Error);
        Assert.Equal(0, bench.Appended(Keyed(CompressionType.None, "v")).BaseOffset.Value);
    }

    [Fact]
    public void Records_that_do_not_fit_their_header_are_found_where_keys_are_checked()
    {
        var bytes = Mixed(CompressionType.None, "a", "b");
        bytes[26] = 2;
        bytes[60] = 3;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(17), Crc32C.Compute(bytes.AsSpan(21)));

        Assert.Equal(ErrorCode.InvalidRecord, Bench(PartitionBench.Defaults with { RequiresKeys = true }).Appended(bytes).Error);
    }

    [Fact]
    public void A_key_is_required_from_the_moment_that_an_open_topic_becomes_compacted()
    {
        var bench = Bench(PartitionBench.Defaults);
        Assert.Equal(ErrorCode.None, bench.Appended("v").Error);
        Configure(bench, PartitionBench.Defaults with { Version = 2, RequiresKeys = true });
        Assert.Equal(ErrorCode.InvalidRecord, bench.Appended("v").Error);
    }

    [Fact]
    public void A_converted_append_counts_towards_the_bound_of_all_appends_and_is_refused_beyond_it()
    {
        var memory = new MemoryQuota(20_000);
        var settings = PartitionBench.Defaults with { Compression = CompressionType.None };
        var (busy, bench) = (Bench(settings, memory: memory), Bench(settings, memory: memory));
        bench.Appended("first");
        var release = busy.Hold("chunk");
        var held = busy.Append(Keyed(CompressionType.None, new string('x', 15_000)));
        var small = Keyed(CompressionType.Zstd, new string('x', 10_000));

        var refused = bench.Appended(small);
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, refused.Error);
        Assert.NotNull(refused.Detail);
        release();
        Assert.Equal(ErrorCode.None, held.Now().Error);
        Assert.Equal(0, memory.TakenBytes);
        Assert.Equal(ErrorCode.None, bench.Appended(small).Error);
        Assert.Equal(0, memory.TakenBytes);
    }

    [Fact]
    public void A_partition_that_closes_during_a_conversion_answers_at_once_and_appends_nothing()
    {
        var elsewhere = new DriverThread();
        var memory = new MemoryQuota(1_000_000);
        var bench = Bench(PartitionBench.Defaults with { Compression = CompressionType.Lz4 }, memory, elsewhere);
        var append = bench.Append("a");
        var disposal = bench.Thread.Start(async () =>
        {
            await bench.Driver.DisposeAsync();
            return true;
        });
        Assert.Equal(ErrorCode.NotLeaderOrFollower, append.Now().Error);

        elsewhere.Run();
        bench.Thread.Run();
        Assert.True(disposal.Now());
        Assert.Equal(0, memory.TakenBytes);
        Assert.Equal("", Text(new PartitionBench(bench.Storage)));
    }

    [Fact]
    public void Without_acks_a_refusal_after_the_answer_appends_nothing()
    {
        var bench = Bench(PartitionBench.Defaults with { RequiresKeys = true });
        Assert.Equal(ErrorCode.None, bench.Appended(Mixed(CompressionType.Gzip, "k"), Acks.None).Error);
        bench.Appended(Mixed(CompressionType.Gzip, (string?)null), Acks.None);
        Assert.Equal(1, bench.Offsets().LogEnd.Value);
    }

    private static PartitionBench Bench(PartitionSettings settings, MemoryQuota? memory = null, DriverThread? computations = null)
    {
        var bench = new PartitionBench(memory: memory, computations: computations);
        Configure(bench, settings);
        return bench;
    }

    private static void Configure(PartitionBench bench, PartitionSettings settings) =>
        bench.Thread.Finish(() => Task.FromResult(bench.Driver.Configure(settings)));

    private static ReadOnlyMemory<byte> Keyed(CompressionType codec, params string[] values)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var value in values)
        {
            Assert.True(builder.Append(
                new Timestamp(1_767_225_600_000), "key"u8, false, Encoding.UTF8.GetBytes(value), false, new RecordHeader("h"u8.ToArray(), default, true)));
        }

        return builder.Build(codec);
    }

    private static byte[] Mixed(CompressionType codec, params string?[] keys)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var key in keys)
        {
            Assert.True(builder.Append(new Timestamp(1_767_225_600_000), Encoding.UTF8.GetBytes(key ?? ""), key is null, "v"u8, false));
        }

        return builder.Build(codec).ToArray();
    }

    private static (ErrorCode, long, long) Offsets(AppendResult result) => (result.Error, result.BaseOffset.Value, result.LastOffset.Value);

    /// <summary>What is stored, batch by batch.</summary>
    private static List<byte[]> Stored(PartitionBench bench)
    {
        List<byte[]> stored = [];
        for (ReadOnlySpan<byte> rest = Batch.Bytes(bench.Fetched(0)); !rest.IsEmpty; rest = rest[stored[^1].Length..])
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(rest, out var batch));
            stored.Add(batch.Bytes.ToArray());
        }

        return stored;
    }

    private static string Text(PartitionBench bench)
    {
        using var decompressor = new BatchDecompressor();
        List<string> records = [];
        foreach (var bytes in Stored(bench))
        {
            RecordBatch.TryRead(bytes, out var batch);
            Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var payload));
            var reader = new RecordReader(batch, payload);
            while (reader.MoveNext())
            {
                records.Add($"{reader.Current.Offset.Value}:{Encoding.UTF8.GetString(reader.Current.Value)}");
            }

            Assert.Equal(ErrorCode.None, reader.Error);
        }

        return string.Join(' ', records);
    }

    private static CompressionType Codec(byte[] bytes)
    {
        RecordBatch.TryRead(bytes, out var batch);
        return batch.Compression;
    }

    /// <summary>What a broker may not change: the header but for stamp, checksum and codec.</summary>
    private static byte[] Kept(ReadOnlySpan<byte> batch) =>
        [batch[21], (byte)(batch[22] & ~7), .. batch[23..RecordBatch.HeaderSize]];
}
