namespace Loire.Model.Tests;

public sealed class IdentityTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("A-Za-z0-9._-")]
    [InlineData("...")]
    [InlineData("__consumer_offsets")]
    public void Kafkas_legal_topic_names_are_legal(string text)
    {
        Assert.True(TopicName.TryParse(text, out var name, out var problem));
        Assert.Null(problem);
        Assert.Equal(text, name.Value);
        Assert.Equal(name, TopicName.Parse(text));
    }

    [Theory]
    [InlineData(null, "none")]
    [InlineData("", "empty")]
    [InlineData(".", "a directory")]
    [InlineData("..", "a directory")]
    [InlineData("a b", "a space")]
    [InlineData("a/b", "would break the key of a partition")]
    [InlineData("caf\u00e9", "not ASCII")]
    [InlineData("a\n", "a line break at the end")]
    [InlineData("a\0", "a zero")]
    public void Other_topic_names_are_refused(string? text, string reason)
    {
        Assert.False(TopicName.TryParse(text, out var name, out var problem), reason);
        Assert.NotEmpty(problem);
        Assert.Equal("", name.Value);
    }

    [Theory]
    [InlineData("__consumer_offsets", true)]
    [InlineData("__transaction_state", true)]
    [InlineData("__share_group_state", true)]
    [InlineData("__consumer_offset", false)]
    [InlineData("__Consumer_Offsets", false)]
    [InlineData("_schemas", false)]
    public void Kafkas_internal_topics_are_known_by_their_names(string text, bool isInternal) =>
        Assert.Equal(isInternal, TopicName.Parse(text).IsInternal);

    [Fact]
    public void A_topic_name_has_at_most_249_characters()
    {
        Assert.True(TopicName.TryParse(new string('x', 249), out _, out _));
        Assert.False(TopicName.TryParse(new string('x', 250), out _, out _));
        Assert.Throws<InvalidIdentifierException>(() => TopicName.Parse(new string('x', 250)));
    }

    [Fact]
    public void Names_that_share_metric_names_have_the_same_metric_form()
    {
        Assert.Equal(TopicName.Parse("a_b_c").MetricForm, TopicName.Parse("a.b.c").MetricForm);
        Assert.NotEqual(TopicName.Parse("a_b_c"), TopicName.Parse("a.b.c"));
    }

    [Fact]
    public void A_partition_key_is_read_back_from_its_text()
    {
        var key = new PartitionKey(TopicName.Parse("a.topic-1"), new TopicId(new Guid("00112233-4455-6677-8899-aabbccddeeff")), 12);
        Assert.Equal("a.topic-1/00112233445566778899aabbccddeeff/12", key.ToString());
        Assert.True(PartitionKey.TryParse(key.ToString(), out var read));
        Assert.Equal(key, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("t/00112233445566778899aabbccddeeff")]
    [InlineData("t/00112233445566778899aabbccddeeff/1/2")]
    [InlineData("t/00112233445566778899aabbccddeeff/-1")]
    [InlineData("t/00112233445566778899aabbccddeeff/ 1")]
    [InlineData("t/00112233445566778899aabbccddeeff/99999999999")]
    [InlineData("t/00112233-4455-6677-8899-aabbccddeeff/1")]
    [InlineData("../00112233445566778899aabbccddeeff/1")]
    public void Other_texts_are_no_partition_keys(string? text) => Assert.False(PartitionKey.TryParse(text, out _));

    [Fact]
    public void Offsets_are_ordered_and_never_wrap()
    {
        Assert.True(new Offset(1) < new Offset(2) && new Offset(2) <= new Offset(2) && new Offset(3) > new Offset(2));
        Assert.Equal(new Offset(7), new Offset(5) + 2);
        Assert.Equal(2, new Offset(7) - new Offset(5));
        Assert.Throws<OverflowException>(() => new Offset(long.MaxValue) + 1);
        Assert.Throws<OverflowException>(() => new LeaderEpoch(int.MaxValue).Next);
        Assert.Equal(new LeaderEpoch(0), LeaderEpoch.None.Next);
    }

    [Fact]
    public void A_broken_invariant_says_what_must_hold()
    {
        var start = 2;
        var failure = Assert.Throws<InvariantException>(() => Invariant.Check(start <= 1));
        Assert.Contains("start <= 1", failure.Message, StringComparison.Ordinal);
        Invariant.Check(start <= 2);
    }
}
