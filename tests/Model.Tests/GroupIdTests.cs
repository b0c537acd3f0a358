namespace Loire.Model.Tests;

public sealed class GroupIdTests
{
    [Theory]
    [InlineData("g")]
    [InlineData("a group / of ours é")]
    [InlineData(".")]
    public void Text_without_control_characters_is_an_id(string text)
    {
        Assert.True(GroupId.TryParse(text, out var id, out var problem));
        Assert.Equal((text, null, text), (id.Value, problem, id.ToString()));
        Assert.Equal(id, GroupId.Parse(text));
    }

    [Theory]
    [InlineData(null, "none")]
    [InlineData("", "empty")]
    [InlineData("a\nb", "a line break")]
    [InlineData("a\0", "a zero")]
    public void Other_text_is_refused(string? text, string reason)
    {
        Assert.False(GroupId.TryParse(text, out var id, out var problem), reason);
        Assert.EndsWith(".", problem, StringComparison.Ordinal);
        Assert.Equal(("", default), (id.Value, id));
        Assert.Throws<InvalidIdentifierException>(() => GroupId.Parse(text!));
    }

    [Fact]
    public void An_id_is_well_formed_and_has_a_longest_form()
    {
        Assert.NotNull(GroupId.FindProblem("a" + (char)0xD800));
        Assert.Null(GroupId.FindProblem(new string('x', Limits.GroupIdLength)));
        Assert.NotNull(GroupId.FindProblem(new string('x', Limits.GroupIdLength + 1)));
        Assert.NotNull(GroupId.FindProblem(new string('é', Limits.GroupIdLength)));
    }

    [Fact]
    public void Ids_are_in_ordinal_order() => Assert.True(GroupId.Parse("B").CompareTo(GroupId.Parse("a")) < 0);

    [Theory]
    [InlineData("a", 47)]
    [InlineData("hello", 22)]
    [InlineData("polygenelubricants", 0)]
    [InlineData("DESIGNING WORKHOUSES", 0)]
    public void A_group_has_the_place_that_Kafka_gives_it(string text, int place) => Assert.Equal(place, GroupId.Parse(text).Place(50));

    [Fact]
    public void Ids_of_members_and_instances_follow_the_rules_of_group_ids()
    {
        Assert.All(["", "a\nb", "\uDC00", new string('x', Limits.GroupIdLength + 1)], text =>
        {
            Assert.NotNull(MemberId.FindProblem(text));
            Assert.Equal(ErrorCode.InvalidRequest, Assert.Throws<InvalidIdentifierException>(() => (MemberId)text).Code);
            Assert.Equal(ErrorCode.InvalidRequest, Assert.Throws<InvalidIdentifierException>(() => (GroupInstanceId)text).Code);
            Assert.Equal(ErrorCode.InvalidGroupId, Assert.Throws<InvalidIdentifierException>(() => (GroupId)text).Code);
        });
        Assert.Equal("a/b", ((MemberId)"a/b").Value);
        Assert.True(((GroupInstanceId)"a").CompareTo("b") < 0);
    }

    [Fact]
    public void Text_converts_to_a_topic_name_and_is_validated()
    {
        TopicName name = "orders";
        Assert.Equal("orders", name.Value);
        Assert.Equal(ErrorCode.InvalidTopicException, Assert.Throws<InvalidIdentifierException>(() => name = "a/b").Code);
    }
}
