using Loire.Model.Batches;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Batches;

/// <summary>Batches of real clients, cut at each byte and with each bit flipped.</summary>
public sealed class DamageTests
{
    private const int CrcCoversFrom = 21;

    public static TheoryData<string> Batches => [.. Fixture.Batches];

    public static TheoryData<string> SmallCompressed =>
        [.. Fixture.Batches.Where(n => n.Contains("/few-", StringComparison.Ordinal) && Fixture.CodecOf(n) != CompressionType.None)];

    [Theory, MemberData(nameof(Batches))]
    public void A_batch_cut_at_any_byte_is_refused(string name)
    {
        var bytes = Fixture.Read(name);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(ErrorCode.CorruptMessage, RecordBatch.TryRead(bytes.AsSpan(0, length), out var batch));
            Assert.Equal(0, batch.SizeInBytes);
            var error = RecordBatch.TryReadProduced(bytes.AsSpan(0, length), Limits.BatchBytes, out batch, out var problem);
            Assert.Equal(ErrorCode.CorruptMessage, error);
            Assert.Equal(0, batch.SizeInBytes);
            Assert.NotNull(problem);
        }
    }

    [Theory, MemberData(nameof(Batches))]
    public void Any_flipped_bit_under_the_checksum_is_found(string name)
    {
        var bytes = Fixture.Read(name);

        // All bits of the smaller batches; of the larger ones all of the header's and some of the rest, evenly.
        var step = bytes.Length < 25_000 ? 1 : 31;
        for (var bit = CrcCoversFrom * 8; bit < bytes.Length * 8; bit += bit < 61 * 8 ? 1 : step)
        {
            Flip(bytes, bit);
            Assert.Equal(ErrorCode.CorruptMessage, RecordBatch.TryReadProduced(bytes, Limits.BatchBytes, out _, out _));
            if (RecordBatch.TryRead(bytes, out var batch) == ErrorCode.None)
            {
                Assert.False(batch.CrcIsValid());
            }

            Flip(bytes, bit);
        }
    }

    [Theory, MemberData(nameof(Batches))]
    public void A_flipped_bit_outside_the_checksum_changes_nothing_but_the_brokers_own_fields(string name)
    {
        var bytes = Fixture.Read(name);
        for (var bit = 0; bit < CrcCoversFrom * 8; bit++)
        {
            Flip(bytes, bit);
            var error = RecordBatch.TryReadProduced(bytes, Limits.BatchBytes, out var batch, out _);
            switch (bit / 8)
            {
                case < 8 when bit == 0:
                    Assert.Equal(ErrorCode.CorruptMessage, error);
                    break;
                case < 8 or (>= 12 and < 16):
                    Assert.Equal(ErrorCode.None, error);
                    break;
                case < 12:
                    Assert.Contains(error, new[] { ErrorCode.CorruptMessage, ErrorCode.MessageTooLarge });
                    break;
                case 16:
                    Assert.Contains(error, new[] { ErrorCode.CorruptMessage, ErrorCode.UnsupportedForMessageFormat });
                    break;
                default:
                    Assert.Equal(ErrorCode.CorruptMessage, error);
                    break;
            }

            Assert.Equal(error == ErrorCode.None ? bytes.Length : 0, batch.SizeInBytes);
            Flip(bytes, bit);
        }
    }

    [Theory, MemberData(nameof(SmallCompressed))]
    public void A_compressed_payload_cut_at_any_byte_is_refused(string name)
    {
        using var decompressor = new BatchDecompressor(1 << 20);
        var bytes = Fixture.Read(name);
        for (var length = 61; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            HostileBatch.FixLength(cut);
            HostileBatch.FixCrc(cut);
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(cut, out var batch));
            var error = decompressor.TryDecompress(batch, out var records);

            // Framed Snappy can be cut between two blocks: then records are missing.
            error = error == ErrorCode.None ? RecordReader.Check(batch, records) : error;
            Assert.Contains(error, new[] { ErrorCode.CorruptMessage, ErrorCode.InvalidRecord });
        }
    }

    [Theory, MemberData(nameof(SmallCompressed))]
    public void A_compressed_payload_with_any_bit_flipped_is_read_within_bounds(string name)
    {
        using var decompressor = new BatchDecompressor(1 << 16);
        var bytes = Fixture.Read(name);
        for (var bit = 61 * 8; bit < bytes.Length * 8; bit++)
        {
            Flip(bytes, bit);
            RecordBatch.TryRead(bytes, out var batch);
            if (decompressor.TryDecompress(batch, out var records) == ErrorCode.None)
            {
                Assert.InRange(records.Length, 0, 1 << 16);
                RecordReader.Check(batch, records);
            }

            Flip(bytes, bit);
        }
    }

    private static void Flip(byte[] bytes, int bit) => bytes[bit / 8] ^= (byte)(0x80 >> (bit % 8));
}
