using System.Text;
using Loire.Model;

namespace Loire.Client.Tests.Partitioning;

public sealed class PartitionerTests
{
    // Where kafka-python 2.0.2 (murmur2, as Java) and librdkafka 2.0.2 (CRC-32; seen by kcat against its mock cluster) put the keys.
    [Theory]
    [InlineData("", 9, 0)]
    [InlineData("a", 4, 3)]
    [InlineData("foobar", 6, 5)]
    [InlineData("kafka", 4, 11)]
    [InlineData("schlüssel", 0, 6)]
    [InlineData("0123456789abcdef", 0, 3)]
    public void Keys_go_where_other_clients_put_them(string text, int murmur2, int crc32)
    {
        var topic = new Load(12);
        var key = Encoding.UTF8.GetBytes(text);
        foreach (var partitioner in new[] { Partitioners.Default(), Partitioners.Murmur2(), Partitioners.Murmur2Random() })
        {
            Assert.Equal(murmur2, partitioner.Partition(topic, key, false));
        }

        Assert.Equal(crc32, Partitioners.Consistent().Partition(topic, key, false));
        if (text.Length > 0)
        {
            Assert.Equal(crc32, Partitioners.ConsistentRandom().Partition(topic, key, false));
        }
    }

    [Theory]
    [InlineData("", 0x00000000u)]
    [InlineData("123456789", 0xCBF43926u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339u)]
    public void Crc32_is_that_of_ieee(string text, uint crc) => Assert.Equal(crc, Crc32.Compute(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Records_without_a_key_go_to_one_partition_or_to_all()
    {
        var topic = new Load(4);
        Assert.Equal([Murmur2.Partition([], 4)], Choices(Partitioners.Murmur2(), topic));
        Assert.Equal([0], Choices(Partitioners.Consistent(), topic));
        foreach (var partitioner in new[]
        {
            Partitioners.Murmur2Random(new Random(1)), Partitioners.ConsistentRandom(new Random(1)), Partitioners.Random(new Random(1)),
            Partitioners.RoundRobin(),
        })
        {
            Assert.Equal([0, 1, 2, 3], Choices(partitioner, topic));
        }
    }

    [Fact]
    public void An_empty_key_is_a_key_for_murmur2_and_none_for_crc32()
    {
        var topic = new Load(4);
        Assert.Single(Choices(Partitioners.Murmur2Random(new Random(1)), topic, keyIsNull: false));
        Assert.Equal([0, 1, 2, 3], Choices(Partitioners.ConsistentRandom(new Random(1)), topic, keyIsNull: false));
    }

    [Fact]
    public void Round_robin_takes_one_partition_after_the_other_in_each_topic()
    {
        var partitioner = Partitioners.RoundRobin();
        var (one, other) = (new Load(3), new Load(2, "other"));
        Assert.Equal([0, 1, 2, 0], Enumerable.Range(0, 4).Select(_ => partitioner.Partition(one, "k"u8, false)));
        Assert.Equal([0, 1, 0], Enumerable.Range(0, 3).Select(_ => partitioner.Partition(other, "k"u8, false)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sticky_stays_until_the_batch_is_closed(bool isAdaptive)
    {
        var partitioner = isAdaptive ? Partitioners.AdaptiveSticky(new Random(1)) : Partitioners.Sticky(new Random(1));
        var topic = new Load(8);
        HashSet<int> seen = [];
        for (var batch = 0; batch < 100; batch++)
        {
            var choice = Assert.Single(Choices(partitioner, topic));
            partitioner.OnBatchClosed(topic, (choice + 1) % 8);
            Assert.Equal([choice], Choices(partitioner, topic));
            partitioner.OnBatchClosed(topic, choice);
            if (!isAdaptive)
            {
                Assert.NotEqual([choice], Choices(partitioner, topic));
            }

            seen.Add(choice);
        }

        Assert.Equal(8, seen.Count);
    }

    [Fact]
    public void Adaptive_sticky_gives_less_to_partitions_that_have_much_queued()
    {
        var partitioner = Partitioners.Default(new Random(1));
        var topic = new Load(4) { Queued = { [2] = 1_000_000 } };
        var counts = new int[4];
        for (var batch = 0; batch < 1_000; batch++)
        {
            var choice = partitioner.Partition(topic, [], true);
            counts[choice]++;
            partitioner.OnBatchClosed(topic, choice);
        }

        // Only where both draws are the slow one: 1 of 16.
        Assert.InRange(counts[2], 20, 120);
        Assert.All([0, 1, 3], partition => Assert.InRange(counts[partition], 200, 420));
    }

    [Fact]
    public void A_topic_that_came_back_smaller_is_not_given_a_partition_that_it_lacks()
    {
        var partitioner = Partitioners.Sticky(new Random(3));
        var topic = new Load(100);
        partitioner.Partition(topic, [], true);
        topic.Count = 1;
        Assert.Equal([0], Choices(partitioner, topic));
        partitioner.OnBatchClosed(topic, 0);
        Assert.Equal([0], Choices(partitioner, topic));
    }

    [Fact]
    public void Explicit_is_always_the_same()
    {
        Assert.Equal([3], Choices(Partitioners.Explicit(3), new Load(4)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Partitioners.Explicit(-1));
    }

    private static int[] Choices(IPartitioner partitioner, TopicLoad topic, bool keyIsNull = true) =>
        [.. Enumerable.Range(0, 100).Select(_ => partitioner.Partition(topic, [], keyIsNull)).Distinct().Order()];

    private sealed class Load(int count, string name = "t") : TopicLoad
    {
        public int Count { get; set; } = count;

        public Dictionary<int, long> Queued { get; } = [];

        public override TopicName Topic => name;

        public override int PartitionsCount => Count;

        public override long QueuedBytes(int partition) => Queued.GetValueOrDefault(partition);
    }
}
