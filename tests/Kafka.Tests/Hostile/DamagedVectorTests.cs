using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.TestKit;

namespace Loire.Kafka.Tests.Hostile;

/// <summary>Every message in every version, damaged.</summary>
public class DamagedVectorTests
{
    private const int EveryBitUpTo = 64;
    private const int FlipsOfLarger = 150;

    public static TheoryData<string> Files() => Messages.VectorTests.Files();

    [Theory]
    [MemberData(nameof(Files))]
    public void A_message_cut_at_any_byte_is_malformed(string file)
    {
        foreach (var vector in RecordedFrames.Vectors(file))
        {
            var create = Decoding.Factory(vector.Message);
            for (var length = 0; length < vector.Bytes.Length; length++)
            {
                Assert.True(Decoding.Read(create, vector.Version, vector.Bytes.AsMemory(0, length)) is null, $"{vector}: {length} bytes are a message");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_message_with_a_flipped_bit_is_another_message_or_malformed(string file)
    {
        var random = new Random(file.Length);
        foreach (var vector in RecordedFrames.Vectors(file))
        {
            var create = Decoding.Factory(vector.Message);
            var bits = vector.Bytes.Length * 8;
            var bytes = vector.Bytes.ToArray();
            for (var flip = 0; flip < (vector.Bytes.Length <= EveryBitUpTo ? bits : FlipsOfLarger); flip++)
            {
                var bit = vector.Bytes.Length <= EveryBitUpTo ? flip : random.Next(bits);
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                if (Decoding.Read(create, vector.Version, bytes) is { } other)
                {
                    MessageBytes.Encode(other, vector.Version);
                }

                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }
}
