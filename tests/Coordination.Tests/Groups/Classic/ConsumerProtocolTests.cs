using Loire.Coordination.Groups.Classic;
using Loire.Model;

namespace Loire.Coordination.Tests.Groups.Classic;

public class ConsumerProtocolTests
{
    [Theory]
    [InlineData("0001" + "00000001" + "00046E6B2D68" + "FFFFFFFF" + "00000001" + "00046E6B2D68" + "00000002" + "00000000" + "00000001", 1, "nk-h", "nk-h-0 nk-h-1")]
    [InlineData("0001" + "00000001" + "00046E6B2D68" + "FFFFFFFF" + "00000000", 1, "nk-h", "")]
    [InlineData("0000" + "00000002" + "000162" + "000161" + "00000000", 0, "b a", "")]
    [InlineData("0001" + "00000001" + "000161" + "00000002AABB", 1, "a", "", "says version 1 and leaves out what it added")]
    [InlineData("0003" + "00000001" + "000161" + "FFFFFFFF" + "00000000" + "00000005" + "FFFF", 3, "a", "", "later versions add to it")]
    [InlineData("0000" + "00000002" + "00012F" + "000161" + "FFFFFFFF", 0, "a", "", "a name that no topic has")]
    [InlineData("0001" + "00000001" + "000161" + "FFFFFFFF" + "7FFFFFFF", 1, "a", "", "owned partitions that cannot be read count as none")]
    public void A_subscription_is_read_by_what_the_first_version_has(string bytes, int version, string topics, string owned, string reason = "")
    {
        Assert.True(ConsumerProtocol.TryReadSubscription(Convert.FromHexString(bytes), out var subscription), reason);
        Assert.Equal((version, topics, owned), (subscription.Version, string.Join(' ', subscription.Topics), string.Join(' ', subscription.Owned)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000")]
    [InlineData("FFFF" + "00000000")]
    [InlineData("0000" + "FFFFFFFF")]
    [InlineData("0000" + "7FFFFFFF" + "000161")]
    [InlineData("0000" + "00000002" + "000161")]
    public void What_is_no_subscription_is_told(string bytes) => Assert.False(ConsumerProtocol.TryReadSubscription(Convert.FromHexString(bytes), out _));

    [Fact]
    public void An_assignment_has_the_bytes_that_a_broker_writes()
    {
        TopicPartition[] partitions = [new("nk-h", 0), new("nk-h", 1), new("z", 7)];
        var bytes = ConsumerProtocol.WriteAssignment(1, partitions);
        Assert.Equal(
            "0001" + "00000002" + "00046E6B2D68" + "00000002" + "00000000" + "00000001" + "00017A" + "00000001" + "00000007" + "FFFFFFFF", Convert.ToHexString(bytes.Span));
        Assert.Equal(partitions, ConsumerProtocol.ReadAssignment(bytes.Span));
        Assert.Empty(ConsumerProtocol.ReadAssignment(bytes.Span[..10]));
        Assert.Empty(ConsumerProtocol.ReadAssignment([0, 1]));
    }
}
