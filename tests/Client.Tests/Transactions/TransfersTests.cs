namespace Loire.Client.Tests.Transactions;

/// <summary>The checker of transfers finds what is wrong.</summary>
public sealed class TransfersTests
{
    private readonly Transfers _transfers = new();
    private readonly Transfer _first = new("a", 1, 0, 1, 5);
    private readonly Transfer _second = new("a", 2, 1, 0, 7);

    public TransfersTests()
    {
        _transfers.Begin(_first);
        _transfers.Begin(_second);
        _transfers.End(_first, Outcome.Committed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_in_doubt_may_be_there_or_not(bool isThere)
    {
        _transfers.End(_second, Outcome.Unknown);
        Assert.Empty(isThere ? Check([_first.Taken, _second.Given], [_first.Given, _second.Taken]) : Check([_first.Taken], [_first.Given]));
    }

    [Fact]
    public void Half_a_transfer_is_found() =>
        Assert.Equal(["the sum over all partitions is -5", "a/1, Committed, is in (0, -5) instead of (0, -5) and (1, 5)"], Check([_first.Taken], []));

    [Fact]
    public void A_repetition_is_found() => Assert.Contains(
        "a/1, Committed, is in (0, -5) and (0, -5) and (1, 5) and (1, 5) instead of (0, -5) and (1, 5)",
        Check([_first.Taken, _first.Taken], [_first.Given, _first.Given]));

    [Fact]
    public void A_lost_commit_is_found() => Assert.Equal(["a/1 is lost: its commit was confirmed"], Check([], []));

    [Fact]
    public void An_aborted_record_and_another_order_are_found() => Assert.Equal(
        ["partition 1: a/1 5 follows transfer 2 of its producer", "a/2 is there, and its producer knows that it is not committed"],
        Check([_first.Taken, _second.Given], [_second.Taken, _first.Given]));

    private IEnumerable<string> Check(params string[][] logs)
    {
        _transfers.Check(logs);
        return _transfers.Problems;
    }
}
