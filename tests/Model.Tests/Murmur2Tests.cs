using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests;

public sealed class Murmur2Tests
{
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("abc", 479470107)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    public void Text_hashes_as_in_Kafkas_own_tests(string text, int hash) => Assert.Equal(hash, Murmur2.Hash(Samples.Bytes(text)));

    // What kafka-python makes of bytes (i * 37 + 200) mod 256: each length of the rest after whole words, and bytes above 127.
    [Theory]
    [InlineData(0, 275646681)]
    [InlineData(1, 425050138)]
    [InlineData(2, -1606385903)]
    [InlineData(3, -108754803)]
    [InlineData(4, 1386831423)]
    [InlineData(5, 580644288)]
    [InlineData(6, -1879261483)]
    [InlineData(7, -532381679)]
    [InlineData(8, 1482585343)]
    [InlineData(31, 285033068)]
    public void Bytes_of_each_length_hash_as_in_a_real_client(int length, int hash)
    {
        byte[] bytes = [.. Enumerable.Range(0, length).Select(i => (byte)((i * 37) + 200))];
        Assert.Equal(hash, Murmur2.Hash(bytes));
    }

    [Theory]
    [InlineData("21", 12, (-973932308 & 0x7fffffff) % 12)]
    [InlineData("abc", 12, 479470107 % 12)]
    [InlineData("foobar", 1, 0)]
    public void The_sign_is_masked_not_negated(string key, int partitions, int partition) =>
        Assert.Equal(partition, Murmur2.Partition(Samples.Bytes(key), partitions));

    [Fact]
    public void A_topic_has_at_least_one_partition() => Assert.Throws<ArgumentOutOfRangeException>(() => Murmur2.Partition([], 0));
}
