using Loire.Coordination.Topics;

namespace Loire.Coordination.Tests;

public class TopicConfigsTests
{
    /// <summary>Kafka 4's names and defaults; a change here breaks what users rely on.</summary>
    public static TheoryData<string, string, ConfigEffect> Defaults => new()
    {
        { "cleanup.policy", "delete", ConfigEffect.NotYetEnforced },
        { "compression.type", "producer", ConfigEffect.InForce },
        { "delete.retention.ms", "86400000", ConfigEffect.NotYetEnforced },
        { "max.compaction.lag.ms", "9223372036854775807", ConfigEffect.NotYetEnforced },
        { "max.message.bytes", "1048588", ConfigEffect.InForce },
        { "message.timestamp.after.max.ms", "3600000", ConfigEffect.InForce },
        { "message.timestamp.before.max.ms", "9223372036854775807", ConfigEffect.InForce },
        { "message.timestamp.type", "CreateTime", ConfigEffect.InForce },
        { "min.cleanable.dirty.ratio", "0.5", ConfigEffect.NotYetEnforced },
        { "min.compaction.lag.ms", "0", ConfigEffect.NotYetEnforced },
        { "min.insync.replicas", "1", ConfigEffect.InForce },
        { "retention.bytes", "-1", ConfigEffect.NotYetEnforced },
        { "retention.ms", "604800000", ConfigEffect.NotYetEnforced },
        { "segment.bytes", "1073741824", ConfigEffect.NotYetEnforced },
        { "segment.ms", "604800000", ConfigEffect.NotYetEnforced },
    };

    [Theory]
    [MemberData(nameof(Defaults))]
    public void Names_and_defaults_are_those_of_Kafka(string name, string value, ConfigEffect effect)
    {
        var definition = Assert.Single(TopicConfigs.All, definition => definition.Name == name);
        Assert.Equal((value, effect), (definition.DefaultText, definition.Effect));
    }

    [Fact]
    public void Every_configuration_is_listed_in_order_documented_and_accepts_its_default()
    {
        Assert.Equal(Defaults.Select(row => (string)((object[])row)[0]).Order(StringComparer.Ordinal),
            TopicConfigs.All.Select(definition => definition.Name));
        Assert.All(TopicConfigs.All, definition =>
        {
            Assert.EndsWith(".", definition.Documentation, StringComparison.Ordinal);
            Assert.Null(TopicConfigs.Check(definition.Name, definition.DefaultText, out var normalized));
            Assert.Equal(definition.DefaultText, normalized);
        });
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
    [InlineData("cleanup.policy", "delete,compact", "compact,delete", "both, in one order")]
    [InlineData("cleanup.policy", "compact,compact", "compact", "twice is once")]
    [InlineData("cleanup.policy", "compact,", null, "an empty policy")]
    [InlineData("cleanup.policy", "", null, "no policy")]
    [InlineData("compression.type", "producer", "producer", "batches are stored as they come")]
    [InlineData("compression.type", "gzip", null, "nothing compresses on the server")]
    public void Values_have_a_type_and_a_range(string name, string text, string? normalized, string reason)
    {
        var problem = TopicConfigs.Check(name, text, out var value);

        Assert.True((problem is null) == (normalized is not null), reason + ": " + problem);
        Assert.Equal(normalized ?? "", value);
    }
}
