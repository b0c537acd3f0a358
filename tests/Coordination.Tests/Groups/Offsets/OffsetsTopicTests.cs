using Loire.Coordination.Groups.Offsets;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Offsets;

public class OffsetsTopicTests
{
    /// <summary>The first three were written by Kafka brokers; the last by the schema, for a leader epoch and metadata.</summary>
    public static TheoryData<string, string, string, CommittedOffset> Golden => new()
    {
        {
            "0001001a6976616e2d6578706572696d656e74616c2d636f6e73756d657200125f5f636f6e73756d65725f6f6666736574730000002e",
            "000300000000 00017ce3 ffffffff 0000 000001857ee1dbd0",
            "ivan-experimental-consumer", Commit.Of("__consumer_offsets", 46, 97_507, at: 1_672_871_009_232)
        },
        {
            "0001001b6b61666b6573632d646576636c75737465722d67726f75702d696400037430310000 0000",
            "0003000000000000006affffffff00000000018579eff58c",
            "kafkesc-devcluster-group-id", Commit.Of("t01", 0, 106, at: 1_672_788_047_244)
        },
        {
            "0001001b6b61666b6573632d646576636c75737465722d67726f75702d696400037430310000 0000",
            "00030000000000003b1effffffff0000000001857ede99f3",
            "kafkesc-devcluster-group-id", Commit.Of("t01", 0, 15_134, at: 1_672_870_795_763)
        },
        {
            "0001 0001 67 0001 74 00000001", "0003 0000000000000005 00000002 0002 6d6d 0000000000000009",
            "g", Commit.Of("t", 1, 5, at: 9, epoch: 2, metadata: "mm")
        },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Keys_and_values_are_Kafkas(string keyHex, string valueHex, string group, CommittedOffset offset)
    {
        var key = Convert.FromHexString(keyHex.Replace(" ", "", StringComparison.Ordinal));
        var value = Convert.FromHexString(valueHex.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(Convert.ToHexString(key), Convert.ToHexString(OffsetsTopic.WriteKey(group, offset.Partition).Span));
        Assert.Equal(Convert.ToHexString(value), Convert.ToHexString(OffsetsTopic.WriteValue(offset).Span));
        Assert.True(OffsetsTopic.TryReadKey(key, out var readGroup, out var partition));
        Assert.Equal((group, offset.Partition), (readGroup, partition));
        Assert.True(OffsetsTopic.TryReadValue(value, partition, out var read));
        Assert.Equal(offset, read);
        for (var length = 0; length < key.Length; length++)
        {
            Assert.False(OffsetsTopic.TryReadKey(key.AsSpan(0, length), out _, out _));
        }

        for (var length = 0; length < value.Length; length++)
        {
            Assert.False(OffsetsTopic.TryReadValue(value.AsSpan(0, length), partition, out _));
        }
    }
}
