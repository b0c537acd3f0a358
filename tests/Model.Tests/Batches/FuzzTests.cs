using System.Buffers.Binary;
using System.Diagnostics;
using Loire.Model.Batches;
using Loire.Model.Tests.Golden;
using Xunit.Abstractions;

namespace Loire.Model.Tests.Batches;

/// <summary>
/// Bytes that nobody meant: whatever they are, they are refused with an error code or read, within bounds of memory and time, and nothing
/// throws.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Bound = 1 << 18;
    private const int Batches = 200_000;
    private const int Payloads = 400_000;

    // Generous, since other work may share the processor: a decoder that loops takes forever, not seconds.
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(10);

    private static readonly long[] Interesting =
    [
        -2, -1, 0, 1, 2, 7, 12, 48, 49, 61, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, int.MaxValue, int.MinValue, long.MaxValue,
    ];

    [Fact]
    public void Mutated_batches_of_real_clients_are_refused_or_read_within_bounds()
    {
        var random = RandomSeed.New(output);
        var seeds = Fixture.Batches.Select(Fixture.Read).Where(b => b.Length < 30_000).ToArray();
        using var decompressor = new BatchDecompressor(Bound);
        int refused = 0, undone = 0, malformed = 0, read = 0;
        for (var i = 0; i < Batches; i++)
        {
            var bytes = Mutate(seeds[random.Next(seeds.Length)].ToArray(), seeds, random);
            var started = Stopwatch.GetTimestamp();
            if (RecordBatch.TryRead(bytes, out var batch) != ErrorCode.None)
            {
                refused++;
                Assert.NotEqual(ErrorCode.None, RecordBatch.TryReadProduced(bytes, Limits.BatchBytes, out _, out _));
                continue;
            }

            RecordBatch.TryReadProduced(bytes, Limits.BatchBytes, out _, out _);
            if (decompressor.TryDecompress(batch, out var records) != ErrorCode.None)
            {
                undone++;
                continue;
            }

            Assert.InRange(records.Length, 0, Bound);
            _ = ReadAll(batch, records) == ErrorCode.None ? read++ : malformed++;
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, LongestRead);
        }

        output.WriteLine($"{refused} refused, {undone} not decompressed, {malformed} with malformed records, {read} read");
        Assert.True(refused > 0 && undone > 0 && malformed > 0 && read > 0, "every outcome is reached");
    }

    [Fact]
    public void Records_of_random_bytes_are_refused_or_are_exactly_what_our_builder_writes()
    {
        var random = RandomSeed.New(output);
        using var builder = new RecordBatchBuilder();
        var read = 0;
        for (var i = 0; i < Payloads; i++)
        {
            var payload = RandomRecords(random);
            RecordBatch.TryRead(HostileBatch.Of(payload, count: random.Next(1, 3)), out var batch);

            // What the builder would not write itself: attributes, a first timestamp that is not the base, gaps in the offsets.
            if (ReadAll(batch, payload) != ErrorCode.None || batch.RecordCount > 1 || payload.AsSpan(1, 3).ContainsAnyExcept((byte)0))
            {
                continue;
            }

            read++;
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
        }

        output.WriteLine($"{read} of {Payloads} read");
        Assert.InRange(read, 1000, Payloads);
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

    private static byte[] Mutate(byte[] bytes, byte[][] seeds, Random random)
    {
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Length > 1; changes--)
        {
            // Half of the changes near the front, where the structure is.
            var at = random.Next(random.Next(2) == 0 ? bytes.Length : Math.Min(bytes.Length, 140));
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)Interesting[random.Next(Interesting.Length)];
                    break;
                case 2 when bytes.Length - at >= 8:
                    var value = Interesting[random.Next(Interesting.Length)];
                    if (random.Next(2) == 0)
                    {
                        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), (int)value);
                    }
                    else
                    {
                        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(at), value);
                    }

                    break;
                case 3:
                    bytes = [.. bytes.AsSpan(0, at), .. bytes.AsSpan(Math.Min(bytes.Length, at + random.Next(1, 100)))];
                    break;
                case 4:
                    var twice = random.Next(Math.Min(bytes.Length - at, 500));
                    bytes = [.. bytes.AsSpan(0, at + twice), .. bytes.AsSpan(at)];
                    break;
                case 5:
                    var other = seeds[random.Next(seeds.Length)];
                    bytes = [.. bytes.AsSpan(0, at), .. other.AsSpan(random.Next(other.Length))];
                    break;
                default:
                    random.NextBytes(bytes.AsSpan(at, random.Next(Math.Min(bytes.Length - at, 20))));
                    break;
            }
        }

        // Most of the time length and checksum are made to fit again, so that what lies behind them is reached.
        if (bytes.Length >= 61 && random.Next(5) > 0)
        {
            HostileBatch.FixLength(bytes);
            bytes[16] = random.Next(20) > 0 ? (byte)2 : bytes[16];
            if (random.Next(4) > 0)
            {
                HostileBatch.FixCrc(bytes);
            }
        }

        return bytes;
    }

    // Mostly the numbers that lengths and counts of a small record have, so that some payloads are well-formed by chance.
    private static byte[] RandomRecords(Random random)
    {
        var payload = new byte[random.Next(7, 24)];
        for (var i = 0; i < payload.Length; i++)
        {
            payload[i] = (byte)(random.Next(10) == 0 ? random.Next(256) : random.Next(3));
        }

        if (random.Next(4) > 0)
        {
            payload[0] = (byte)((payload.Length - 1) * 2);
            payload.AsSpan(1, 3).Clear();
        }

        return payload;
    }
}
