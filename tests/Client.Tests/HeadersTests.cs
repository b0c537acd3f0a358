namespace Loire.Client.Tests;

public sealed class HeadersTests
{
    [Fact]
    public void Headers_keep_their_order_and_repeated_keys_and_the_last_one_counts()
    {
        var headers = new Headers().Add("a", "1").Add("b", default(string)).Add("a", "2");
        Assert.Equal(["a", "b", "a"], headers.Select(header => header.Key));
        Assert.True(headers.TryGetLast("a", out var last));
        Assert.Equal("2", last.Text);
        Assert.True(headers.TryGetLast("b", out var none));
        Assert.Null(none.Value);
        headers.Remove("a");
        Assert.False(headers.TryGetLast("a", out _));
        Assert.Single(headers);
    }
}
