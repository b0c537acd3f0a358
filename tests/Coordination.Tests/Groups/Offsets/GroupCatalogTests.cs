using Loire.Coordination.Groups.Catalog;

namespace Loire.Coordination.Tests.Groups.Offsets;

public class GroupCatalogTests
{
    public static TheoryData<string, GroupCatalogRecord> Golden => new()
    {
        { "0101" + "000367C3A9", new GroupCatalogRecord.Exists("gé") },
        { "0102" + "000167", new GroupCatalogRecord.Gone("g") },
        { "0103" + "00000002" + "000161" + "000162", new GroupCatalogRecord.Snapshot(["a", "b"]) },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_has_the_bytes_that_it_always_had(string bytes, GroupCatalogRecord record)
    {
        Assert.Equal(bytes, Convert.ToHexString(GroupCatalogCodec.Write(record).Span));
        var whole = Convert.FromHexString(bytes);
        Assert.True(GroupCatalogCodec.TryRead(whole, out var read));
        Assert.Equal(bytes, Convert.ToHexString(GroupCatalogCodec.Write(read).Span));
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(GroupCatalogCodec.TryRead(whole.AsSpan(0, length), out _), $"cut at {length}");
        }

        Assert.False(GroupCatalogCodec.TryRead([.. whole, 0], out _));
    }

    [Theory]
    [InlineData("0201000167", "a layout of the future")]
    [InlineData("0104000167", "an unknown kind")]
    [InlineData("010100010A", "an id that is not legal")]
    [InlineData("01037FFFFFFF", "more ids than bytes")]
    [InlineData("010300000002000162000161", "ids out of order")]
    public void Bytes_that_are_no_record_are_refused(string bytes, string reason) =>
        Assert.False(GroupCatalogCodec.TryRead(Convert.FromHexString(bytes), out _), reason);

    [Fact]
    public void Ids_come_in_ordinal_order_page_by_page()
    {
        var state = new GroupCatalogState();
        foreach (var id in new[] { "b", "a", "B", "c", "a" })
        {
            foreach (var record in state.Record(id, true).Records)
            {
                state.Apply(record);
            }
        }

        Assert.Equal(["B", "a", "b", "c"], state.Ids);
        Assert.Equal((2, true), (state.Page("", 2).Ids.Length, state.Page("", 2).HasMore));
        Assert.Equal(["b", "c"], state.Page("a", 2).Ids);
        Assert.Equal(["b", "c"], state.Page("aa", 9).Ids);
        Assert.False(state.Page("a", 2).HasMore);
        state.Apply(state.Record("b", false).Records[0]);
        Assert.Empty(state.Record("b", false).Records);
        var copy = new GroupCatalogState();
        copy.Apply(state.Snapshot());
        Assert.Equal(["B", "a", "c"], copy.Ids);
        Assert.Equal(ErrorCode.InvalidGroupId, state.Record(default, true).Error);
    }
}
