using System.Buffers.Binary;
using System.Diagnostics;
using CsCheck;
using Loire.Model.Batches;
using Loire.Model.Tests.Golden;
using Xunit.Abstractions;

namespace Loire.Model.Tests.Batches;

/// <summary>
/// Arbitrary bytes are refused with an error code or read, within bounds of memory and time, and nothing throws.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Bound = 1 << 18;

    // Generous, since other work may share the processor: a decoder that loops takes forever, not seconds.
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(10);

    private static readonly byte[][] Seeds = [.. Fixture.Batches.Select(Fixture.Read).Where(b => b.Length < 30_000)];

    private static readonly Gen<long> Interesting = Gen.OneOf(
        -2, -1, 0, 1, 2, 7, 12, 48, 49, 61, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000,
        int.MaxValue, int.MinValue, long.MaxValue);

    // Half of the edits near the front, where the structure is.
    private static readonly Gen<Func<byte[], byte[]>> Edits = Gen.Select(
        Gen.Int[0, 30_000],
        Gen.OneOf(140, int.MaxValue),
        Gen.OneOf<Func<byte[], int, byte[]>>(
            Gen.Int[0, 7].Select(Flip),
            Interesting.Select(value => Overwrite([(byte)value])),
            Interesting.Select(value => Overwrite(BigEndian((int)value))),
            Interesting.Select(value => Overwrite(BitConverter.GetBytes(value))),
            Gen.Byte.Array[0, 20].Select(Overwrite),
            Gen.Int[1, 100].Select(Delete),
            Gen.Int[1, 500].Select(Repeat),
            Gen.Select(Gen.OneOf<byte[]>(Seeds), Gen.Int[0, 30_000]).Select(Splice)),
        (at, end, edit) => (Func<byte[], byte[]>)(bytes => edit(bytes, at % Math.Min(bytes.Length, end))));

    // Most of the time length and checksum are corrected, so that what lies behind them is reached.
    private static readonly Gen<byte[]> Mutations = Gen.Select(
        Gen.OneOf<byte[]>(Seeds), Edits.Array[1, 4], Gen.Int[0, 4], Gen.Int[0, 19], Gen.Int[0, 3],
        (seed, edits, length, magic, crc) =>
        {
            var bytes = edits.Aggregate(seed.ToArray(), (current, edit) => edit(current));
            if (bytes.Length >= 61 && length > 0)
            {
                HostileBatch.FixLength(bytes);
                bytes[16] = magic > 0 ? (byte)2 : bytes[16];
                if (crc > 0)
                {
                    HostileBatch.FixCrc(bytes);
                }
            }

            return bytes;
        });

    // Mostly the numbers that lengths and counts of a small record have, so that some payloads are well-formed by chance.
    private static readonly Gen<byte[]> RandomRecords = Gen.Select(
        Gen.Frequency((9, Gen.Byte[0, 2]), (1, Gen.Byte)).Array[7, 23], Gen.Int[0, 3],
        (payload, malformed) =>
        {
            if (malformed > 0)
            {
                payload[0] = (byte)((payload.Length - 1) * 2);
                payload.AsSpan(1, 3).Clear();
            }

            return payload;
        });

    [Fact]
    public void Mutated_batches_of_real_clients_are_refused_or_read_within_bounds()
    {
        int refused = 0, undone = 0, malformed = 0, read = 0;
        Mutations.Sample(bytes =>
        {
            var started = Stopwatch.GetTimestamp();
            if (RecordBatch.TryRead(bytes, out var batch) != ErrorCode.None)
            {
                Interlocked.Increment(ref refused);
                Assert.NotEqual(ErrorCode.None, RecordBatch.TryReadProduced(bytes, Limits.BatchBytes, out _, out _));
                return;
            }

            RecordBatch.TryReadProduced(bytes, Limits.BatchBytes, out _, out _);
            using var decompressor = new BatchDecompressor(Bound);
            if (decompressor.TryDecompress(batch, out var records) != ErrorCode.None)
            {
                Interlocked.Increment(ref undone);
                return;
            }

            Assert.InRange(records.Length, 0, Bound);
            Interlocked.Increment(ref ReadAll(batch, records) == ErrorCode.None ? ref read : ref malformed);
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, LongestRead);
        }, iter: 200_000);

        output.WriteLine($"{refused} refused, {undone} not decompressed, {malformed} with malformed records, {read} read");
        Assert.True(refused > 0 && undone > 0 && malformed > 0 && read > 0, "every outcome is reached");
    }

    [Fact]
    public void Records_of_random_bytes_are_refused_or_are_exactly_what_our_builder_writes()
    {
        var read = 0;
        Gen.Select(RandomRecords, Gen.Int[1, 2]).Sample((payload, count) =>
        {
            RecordBatch.TryRead(HostileBatch.Of(payload, count: count), out var batch);

            // What the builder would not write itself: attributes, a first timestamp that is not the base, gaps in the offsets.
            if (ReadAll(batch, payload) != ErrorCode.None || batch.RecordCount > 1 || payload.AsSpan(1, 3).ContainsAnyExcept((byte)0))
            {
                return;
            }

            Interlocked.Increment(ref read);
            using var builder = new RecordBatchBuilder();
            var reader = new RecordReader(batch, payload);
            while (reader.MoveNext())
            {
                var record = reader.Current;
                List<RecordHeader> headers = [];
                foreach (var header in record.Headers)
                {
                    headers.Add(new RecordHeader(header.Key.ToArray(), header.Value.ToArray(), header.ValueIsNull));
                }

                builder.Append(record.Timestamp, record.Key, record.KeyIsNull, record.Value, record.ValueIsNull, [.. headers]);
            }

            RecordBatch.TryRead(builder.Build().Span, out var rebuilt);
            Assert.Equal(payload, rebuilt.Payload);
        }, iter: 400_000);

        output.WriteLine($"{read} read");
        Assert.True(read >= 1_000);
    }

    private static ErrorCode ReadAll(RecordBatch batch, ReadOnlySpan<byte> records)
    {
        var reader = new RecordReader(batch, records);
        long bytes = 0;
        while (reader.MoveNext())
        {
            var record = reader.Current;
            Assert.InRange(record.Offset.Value, batch.BaseOffset.Value, batch.LastOffset.Value);
            Assert.True(record.Timestamp >= Timestamp.None);
            bytes += 7 + record.Key.Length + record.Value.Length;
            foreach (var header in record.Headers)
            {
                bytes += 2 + header.Key.Length + header.Value.Length;
            }
        }

        Assert.InRange(bytes, 0, records.Length);
        return reader.Error;
    }

    private static Func<byte[], int, byte[]> Flip(int bit) => (bytes, at) => Overwrite([(byte)(bytes[at] ^ (1 << bit))])(bytes, at);

    private static Func<byte[], int, byte[]> Overwrite(byte[] value) => (bytes, at) =>
    {
        value.AsSpan(0, Math.Min(value.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
        return bytes;
    };

    private static Func<byte[], int, byte[]> Delete(int count) => (bytes, at) =>
        bytes.Length == 1 ? bytes : [.. bytes[..Math.Max(1, at)], .. bytes.Skip(Math.Max(1, at) + count)];

    private static Func<byte[], int, byte[]> Repeat(int count) => (bytes, at) => [.. bytes.Take(at + count), .. bytes[at..]];

    private static Func<byte[], int, byte[]> Splice((byte[] Other, int From) tail) => (bytes, at) =>
        [.. bytes[..at], .. tail.Other[(tail.From % tail.Other.Length)..]];

    private static byte[] BigEndian(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
