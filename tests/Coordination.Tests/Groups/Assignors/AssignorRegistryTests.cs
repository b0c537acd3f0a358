using Loire.Model;
using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

public class AssignorRegistryTests
{
    [Theory]
    [InlineData("range", false)]
    [InlineData("roundrobin", false)]
    [InlineData("sticky", false)]
    [InlineData("cooperative-sticky", true)]
    public void Kafkas_assignors_are_known_by_their_names(string name, bool isCooperative)
    {
        Assert.True(new AssignorRegistry().TryGet(name, out var assignor));
        Assert.Equal((name, isCooperative), (assignor.Name, assignor.IsCooperative));
    }

    [Theory]
    [InlineData("Range")]
    [InlineData("org.apache.kafka.clients.consumer.RangeAssignor")]
    [InlineData("")]
    public void Another_name_is_unknown(string name) => Assert.False(new AssignorRegistry().TryGet(name, out _));

    [Fact]
    public void A_custom_assignor_is_found_beside_them()
    {
        var registry = new AssignorRegistry(new Custom("first-takes-all"));

        Assert.True(registry.TryGet("first-takes-all", out var assignor));
        Assert.Equal("a: t-0 t-1 | b:", GroupCase.Parse("t:2|a;;-1;t;|b;;-1;t;").Assign(assignor));
        Assert.Equal(["cooperative-sticky", "first-takes-all", "range", "roundrobin", "sticky"], registry.Names);
    }

    [Theory]
    [InlineData("range", "taken by Kafka's")]
    [InlineData("", "empty")]
    [InlineData("a,b", "it would be two in a list")]
    [InlineData("a b", "white space is trimmed from lists")]
    public void A_name_that_cannot_be_told_apart_is_refused(string name, string reason) =>
        Assert.True(Record.Exception(() => new AssignorRegistry(new Custom(name))) is ArgumentException, reason);

    private sealed class Custom(string name) : IAssignor
    {
        public string Name => name;

        public bool IsCooperative => false;

        public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
            IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts) =>
            members.ToDictionary(
                member => member.MemberId,
                member => (IReadOnlyList<TopicPartition>)(member == members.First() ? [.. All(partitionsCounts)] : []));

        private static IEnumerable<TopicPartition> All(IReadOnlyDictionary<TopicName, int> partitionsCounts) => partitionsCounts
            .SelectMany(topic => Enumerable.Range(0, topic.Value).Select(number => new TopicPartition(topic.Key, number)));
    }
}
