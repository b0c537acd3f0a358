using Loire.Coordination.Topics;

namespace Loire.Coordination.Tests;

public class TopicConfigsTests
{
    /// <summary>What a broker of Kafka 4.4 answers: name, type, default.</summary>
    private static string[] OfKafka => File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "kafka-4.4-topic-configs.txt"));

    [Fact]
    public void Names_types_and_defaults_are_all_those_of_Kafka()
    {
        Assert.Equal(37, OfKafka.Length);
        Assert.Equal(OfKafka, TopicConfigs.All.Select(
            definition => $"{definition.Name} {definition.Type.ToString().ToUpperInvariant()} {definition.DefaultText}".TrimEnd()));
    }

    [Fact]
    public void Every_default_is_valid_and_every_meaning_is_a_sentence()
    {
        Assert.All(TopicConfigs.All, definition =>
        {
            Assert.EndsWith(".", definition.Documentation, StringComparison.Ordinal);
            Assert.True(definition.IsEffective || definition.NoEffect!.EndsWith('.'), definition.Name);
            Assert.Null(TopicConfigRules.Check(definition.Name, definition.DefaultText, out var normalized));
            Assert.Equal(definition.DefaultText, normalized);
        });
    }

    [Fact]
    public void Only_what_the_broker_acts_on_is_effective()
    {
        Assert.Equal(
            ["cleanup.policy", "compression.type", "delete.retention.ms", "max.compaction.lag.ms", "max.message.bytes", "message.timestamp.after.max.ms",
                "message.timestamp.before.max.ms", "message.timestamp.type", "min.cleanable.dirty.ratio", "min.compaction.lag.ms", "min.insync.replicas",
                "retention.bytes", "retention.ms"],
            TopicConfigs.All.Where(definition => definition.IsEffective).Select(definition => definition.Name));
    }

    [Theory]
    [InlineData("retention.ms", "-1", "-1", "for ever")]
    [InlineData("retention.ms", " 42\t", "42", "spaces around a value do not matter")]
    [InlineData("retention.ms", "-2", null, "below the least")]
    [InlineData("retention.ms", "1.5", null, "no whole number")]
    [InlineData("retention.ms", "1e3", null, "no notation of Kafka's")]
    [InlineData("retention.ms", "1,000", null, "no separators")]
    [InlineData("retention.ms", "", null, "nothing")]
    [InlineData("retention.ms", "９", null, "ASCII digits only")]
    [InlineData("retention.ms", "9223372036854775807", "9223372036854775807", "the greatest")]
    [InlineData("retention.ms", "9223372036854775808", null, "beyond the greatest")]
    [InlineData("max.message.bytes", "0", "0", "the least")]
    [InlineData("max.message.bytes", "67108864", "67108864", "as much as the server takes")]
    [InlineData("max.message.bytes", "67108865", null, "more than the server takes")]
    [InlineData("segment.bytes", "1048576", "1048576", "the least since Kafka 4")]
    [InlineData("segment.bytes", "1048575", null, "below the least")]
    [InlineData("segment.ms", "0", null, "below the least")]
    [InlineData("min.insync.replicas", "0", null, "below the least")]
    [InlineData("min.insync.replicas", "2147483648", null, "beyond 32 bits")]
    [InlineData("min.cleanable.dirty.ratio", "0", "0", "the least")]
    [InlineData("min.cleanable.dirty.ratio", "1.0", "1", "the greatest, in one notation")]
    [InlineData("min.cleanable.dirty.ratio", "1.1", null, "beyond the greatest")]
    [InlineData("min.cleanable.dirty.ratio", "NaN", null, "no number")]
    [InlineData("message.timestamp.type", "LogAppendTime", "LogAppendTime", "the broker's time")]
    [InlineData("message.timestamp.type", "logappendtime", null, "exactly Kafka's spelling")]
    [InlineData("cleanup.policy", "compact", "compact", "one policy")]
    [InlineData("cleanup.policy", "delete, compact", "delete,compact", "both, in their order")]
    [InlineData("cleanup.policy", "compact,delete", "compact,delete", "both, in the other order")]
    [InlineData("cleanup.policy", "", "", "neither: nothing is removed")]
    [InlineData("cleanup.policy", "compact,compact", null, "the same policy twice")]
    [InlineData("cleanup.policy", "compact,", null, "an empty policy")]
    [InlineData("cleanup.policy", "burn", null, "no policy")]
    [InlineData("compression.type", "producer", "producer", "as the producer made them")]
    [InlineData("compression.type", "uncompressed", "uncompressed", "no codec")]
    [InlineData("compression.type", "gzip", "gzip", "a codec")]
    [InlineData("compression.type", "snappy", "snappy", "a codec")]
    [InlineData("compression.type", "lz4", "lz4", "a codec")]
    [InlineData("compression.type", "zstd", "zstd", "a codec")]
    [InlineData("compression.type", "none", null, "a producer's word for uncompressed")]
    [InlineData("compression.type", "GZIP", null, "exactly Kafka's spelling")]
    [InlineData("compression.gzip.level", "-1", "-1", "the default")]
    [InlineData("compression.gzip.level", "0", null, "no compression at all")]
    [InlineData("compression.gzip.level", "1", "1", "the fastest")]
    [InlineData("compression.gzip.level", "9", "9", "the smallest")]
    [InlineData("compression.gzip.level", "10", null, "above the greatest")]
    [InlineData("compression.lz4.level", "0", null, "below the least")]
    [InlineData("compression.lz4.level", "17", "17", "the greatest")]
    [InlineData("compression.lz4.level", "18", null, "above the greatest")]
    [InlineData("compression.zstd.level", "-131072", "-131072", "the least")]
    [InlineData("compression.zstd.level", "-131073", null, "below the least")]
    [InlineData("compression.zstd.level", "22", "22", "the greatest")]
    [InlineData("compression.zstd.level", "23", null, "above the greatest")]
    [InlineData("retention.bytes", "-9223372036854775808", "-9223372036854775808", "no bound, as any negative number")]
    [InlineData("retention.bytes", "9223372036854775808", null, "beyond 64 bits")]
    [InlineData("delete.retention.ms", "0", "0", "the least")]
    [InlineData("delete.retention.ms", "-1", null, "below the least")]
    [InlineData("min.compaction.lag.ms", "-1", null, "below the least")]
    [InlineData("max.compaction.lag.ms", "0", null, "below the least")]
    [InlineData("segment.bytes", "2147483648", null, "beyond 32 bits")]
    [InlineData("segment.jitter.ms", "-1", null, "below the least")]
    [InlineData("segment.index.bytes", "4", "4", "the least")]
    [InlineData("segment.index.bytes", "3", null, "below the least")]
    [InlineData("index.interval.bytes", "-1", null, "below the least")]
    [InlineData("file.delete.delay.ms", "-1", null, "below the least")]
    [InlineData("flush.messages", "0", null, "below the least")]
    [InlineData("flush.ms", "0", "0", "the least")]
    [InlineData("flush.ms", "-1", null, "below the least")]
    [InlineData("message.timestamp.before.max.ms", "-1", null, "below the least")]
    [InlineData("message.timestamp.after.max.ms", "-1", null, "below the least")]
    [InlineData("max.decompressed.message.bytes", "0", null, "below the least")]
    [InlineData("max.decompressed.message.bytes", "2147483640", null, "above the greatest")]
    [InlineData("local.retention.ms", "-3", null, "below the least")]
    [InlineData("local.retention.bytes", "-3", null, "below the least")]
    [InlineData("remote.copy.lag.ms", "-1", "-1", "the least")]
    [InlineData("remote.copy.lag.ms", "-2", null, "below the least")]
    [InlineData("remote.copy.lag.bytes", "-2", null, "below the least")]
    [InlineData("preallocate", "TRUE", "true", "in any case")]
    [InlineData("preallocate", "yes", null, "neither true nor false")]
    [InlineData("unclean.leader.election.enable", "1", null, "neither true nor false")]
    [InlineData("leader.replication.throttled.replicas", "*", "*", "all of them")]
    [InlineData("leader.replication.throttled.replicas", "0:1, 12:3", "0:1,12:3", "pairs")]
    [InlineData("leader.replication.throttled.replicas", "0:1,", null, "an empty pair")]
    [InlineData("leader.replication.throttled.replicas", "0:", null, "no broker")]
    [InlineData("follower.replication.throttled.replicas", ":1", null, "no partition")]
    [InlineData("follower.replication.throttled.replicas", "0:1:2", null, "three numbers")]
    [InlineData("follower.replication.throttled.replicas", "a:b", null, "no numbers")]
    public void Values_have_a_type_and_a_range(string name, string text, string? normalized, string reason)
    {
        var problem = TopicConfigRules.Check(name, text, out var value);

        Assert.True((problem is null) == (normalized is not null), reason + ": " + problem);
        Assert.Equal(normalized ?? "", value);
    }

    [Fact]
    public void A_list_of_replicas_is_short_enough_for_a_record_of_the_topic()
    {
        var longest = string.Join(',', Enumerable.Repeat("1000:1", 4680)) + ",1234:567";
        Assert.Equal(ConfigTypes.ReplicaListLength, longest.Length);
        Assert.Null(TopicConfigRules.Check("leader.replication.throttled.replicas", longest, out _));
        Assert.NotNull(TopicConfigRules.Check("leader.replication.throttled.replicas", longest + "1", out _));
    }
}
