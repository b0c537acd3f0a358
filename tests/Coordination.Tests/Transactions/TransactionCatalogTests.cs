using Loire.Coordination.Transactions.Catalog;
using Loire.Model.Transactions;

namespace Loire.Coordination.Tests.Transactions;

public class TransactionCatalogTests
{
    public static TheoryData<string, TransactionCatalogRecord> Golden => new()
    {
        { "0101" + "000374C3A9" + "02", new TransactionCatalogRecord.Used("té", TransactionalIdUse.Active) },
        { "0101" + "000174" + "00", new TransactionCatalogRecord.Used("t", TransactionalIdUse.Gone) },
        {
            "0102" + "00000002" + "00016101" + "00016202",
            new TransactionCatalogRecord.Snapshot([("a", TransactionalIdUse.Idle), ("b", TransactionalIdUse.Active)])
        },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_has_the_bytes_that_it_always_had(string bytes, TransactionCatalogRecord record)
    {
        Assert.Equal(bytes, Convert.ToHexString(TransactionCatalogCodec.Write(record).Span));
        var whole = Convert.FromHexString(bytes);
        Assert.True(TransactionCatalogCodec.TryRead(whole, out var read));
        Assert.Equal(bytes, Convert.ToHexString(TransactionCatalogCodec.Write(read).Span));
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(TransactionCatalogCodec.TryRead(whole.AsSpan(0, length), out _), $"cut at {length}");
        }

        Assert.False(TransactionCatalogCodec.TryRead([.. whole, 0], out _));
    }

    [Theory]
    [InlineData("020100017401", "a layout of the future")]
    [InlineData("010300017401", "an unknown kind")]
    [InlineData("010100010A01", "an id that is not legal")]
    [InlineData("010100017403", "an unknown use")]
    [InlineData("01027FFFFFFF", "more ids than bytes")]
    [InlineData("0102000000020001620100016101", "ids out of order")]
    [InlineData("01020000000100016100", "an id that is gone")]
    public void Bytes_that_are_no_record_are_refused(string bytes, string reason) =>
        Assert.False(TransactionCatalogCodec.TryRead(Convert.FromHexString(bytes), out _), reason);

    [Fact]
    public void Ids_come_in_order_page_by_page_and_the_active_ones_apart()
    {
        var state = new TransactionCatalogState();
        foreach (var (id, use) in new[] { ("b", TransactionalIdUse.Active), ("a", TransactionalIdUse.Idle), ("B", TransactionalIdUse.Active), ("c", TransactionalIdUse.Idle) })
        {
            state.Apply(Assert.Single(state.Record(id, use).Records));
            Assert.Empty(state.Record(id, use).Records);
        }

        Assert.Equal(["B", "a", "b", "c"], state.Ids);
        Assert.Equal(["a", "b"], state.Page("B", 2).Ids);
        Assert.Equal(["B", "b"], state.Active.Order());
        state.Apply(Assert.Single(state.Record("b", TransactionalIdUse.Idle).Records));
        state.Apply(Assert.Single(state.Record("B", TransactionalIdUse.Gone).Records));
        Assert.Empty(state.Record("B", TransactionalIdUse.Gone).Records);
        state.Apply(Assert.Single(state.Record("a", TransactionalIdUse.Active).Records));
        var copy = new TransactionCatalogState();
        copy.Apply(state.Snapshot());
        Assert.Equal(["a", "b", "c"], copy.Ids);
        Assert.Equal(["a"], copy.Active);
        Assert.Equal(ErrorCode.InvalidRequest, state.Record(default, TransactionalIdUse.Idle).Error);
        Assert.Equal(ErrorCode.InvalidRequest, state.Record("a", (TransactionalIdUse)9).Error);
    }
}
