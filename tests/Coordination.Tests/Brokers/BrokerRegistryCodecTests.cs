using Loire.Coordination.Brokers;
using Loire.Model;

namespace Loire.Coordination.Tests.Brokers;

public sealed class BrokerRegistryCodecTests
{
    private const string Broker2 = "00000002" + "0000000000000003" + "01" + "000172" + "FFFF" + "000173";

    private static readonly BrokerRecord Record = new(2, 3, BrokerPhase.Running, "r", null, "s", "v", new Timestamp(5));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_registry_survives_its_encoding_a_cut_one_is_refused_and_a_flipped_bit_throws_nothing(int level)
    {
        var registry = BrokerRegistry.Of("c", level)
            .With(new BrokerRecord(0, 7, BrokerPhase.Running, "r1", "http://127.0.0.1:8080/", "127.0.0.1:1@2", "1.2.3", new Timestamp(1), new FeatureRange(0, 12)))
            .With(new BrokerRecord(1, 2, BrokerPhase.Removed, null, null, "s", "1.0.0", new Timestamp(3), new FeatureRange(1, 1)))
            .With(new BrokerRecord(
                3, 1, BrokerPhase.Running, null, null, "s", "1.2.3", new Timestamp(4), new FeatureRange(0, 5), "127.0.0.1:9092,[::1]:9093"))
            .With(new BrokerRecord(int.MaxValue, 1, BrokerPhase.Stopped, null, null, "s", "", new Timestamp(2)));
        var bytes = BrokerRegistryCodec.Write(registry);
        Assert.True(BrokerRegistryCodec.TryRead(bytes.Span, out var read));
        Assert.Equal((registry.ClusterId, level), (read.ClusterId, read.FeatureLevel));
        Assert.Equal(registry.Brokers.Values, read.Brokers.Values);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(BrokerRegistryCodec.TryRead(bytes.Span[..length], out _), $"cut at {length}");
        }

        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            _ = BrokerRegistryCodec.TryRead(flipped, out _);
        }
    }

    [Fact]
    public void The_layout_of_level_0_is_that_of_versions_without_levels() => Is(
        "01" + "000163" + "00000001" + Broker2 + "000176" + "0000000000000005", BrokerRegistry.Of("c", 0).With(Record));

    [Fact]
    public void The_version_of_a_broker_carries_its_addresses_for_Kafka_which_earlier_versions_keep() => Is(
        "01" + "000163" + "00000001" + Broker2 + "000C" + "762B6B61666B612E" + "683A3932" + "0000000000000005",
        BrokerRegistry.Of("c", 0).With(Record with { Kafka = "h:92" }));

    [Fact]
    public void At_level_0_the_version_of_a_broker_carries_its_levels_which_versions_without_levels_keep() => Is(
        "01" + "000163" + "00000001" + Broker2 + "000D762B6C6576656C732E302D3132" + "0000000000000005",
        BrokerRegistry.Of("c", 0).With(Record with { Features = new FeatureRange(0, 12) }));

    [Fact]
    public void The_layout_of_later_levels_is_fixed()
    {
        Is(
            "02" + "000163" + "00000004" + "00000001" + Broker2 + "000176" + "0000000000000005" + "00000001" + "0000000C",
            BrokerRegistry.Of("c", 4).With(Record with { Features = new FeatureRange(1, 12) }));
        Is(
            "02" + "000163" + "00000001" + "00000001" + Broker2 + "000176" + "0000000000000005" + "FFFFFFFF" + "FFFFFFFF",
            BrokerRegistry.Of("c", 1).With(Record));
    }

    [Theory]
    [InlineData("02", "00000000", "00000000" + "00000001", "level 0 has the earlier layout")]
    [InlineData("02", "00000001", "00000002" + "00000001", "the lowest level is above the highest")]
    [InlineData("02", "00000001", "FFFFFFFE" + "00000001", "a level is negative")]
    [InlineData("02", "00000001", "FFFFFFFF" + "00000001", "only one of the levels is none")]
    [InlineData("03", "00000001", "00000000" + "00000001", "the layout is unknown")]
    [InlineData("00", "00000001", "00000000" + "00000001", "the layout is unknown")]
    public void A_registry_that_no_version_writes_is_refused(string layout, string level, string levels, string reason)
    {
        var bytes = Convert.FromHexString($"{layout}000163{level}00000001{Broker2}0001760000000000000005{levels}");
        Assert.False(BrokerRegistryCodec.TryRead(bytes, out _), reason);
        Assert.Equal(layout == "03", BrokerRegistryCodec.IsOfLaterVersion(bytes));
    }

    [Theory]
    [InlineData("1.0.0+levels.1")]
    [InlineData("1.0.0+levels.2-1")]
    [InlineData("1.0.0+levels.0-1-2")]
    [InlineData("1.0.0+levels.x-1")]
    [InlineData("1.0.0+0a1b2c3")]
    public void A_version_that_only_resembles_one_with_levels_is_kept(string version)
    {
        var broker = Record with { Version = version };
        Assert.True(BrokerRegistryCodec.TryRead(BrokerRegistryCodec.Write(BrokerRegistry.Of("c", 0).With(broker)).Span, out var read));
        Assert.Equal(broker, read.Brokers[2]);
    }

    private static void Is(string bytes, BrokerRegistry registry)
    {
        Assert.Equal(bytes, Convert.ToHexString(BrokerRegistryCodec.Write(registry).Span));
        Assert.True(BrokerRegistryCodec.TryRead(Convert.FromHexString(bytes), out var read));
        Assert.Equal((registry.FeatureLevel, registry.Brokers[2]), (read.FeatureLevel, read.Brokers[2]));
    }
}
