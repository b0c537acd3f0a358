namespace Loire.Silo.Tests;

/// <summary>The header <c>Forwarded</c> (RFC 7239).</summary>
public sealed class ForwardedElementTests
{
    [Theory]
    [InlineData("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60 http -", "a parameter that is not used")]
    [InlineData("For=192.0.2.43, FOR=198.51.100.17", "192.0.2.43 - -|198.51.100.17 - -", "names without case, several elements")]
    [InlineData("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17 - -", "IPv6 with a port")]
    [InlineData("for=\"[2001:db8::1]\"", "2001:db8::1 - -", "IPv6")]
    [InlineData("for=\"192.0.2.43:47011\"", "192.0.2.43 - -", "IPv4 with a port")]
    [InlineData("for=unknown;proto=https", "- https -", "an unknown sender")]
    [InlineData("for=_gazonk;host=example.com", "- - example.com", "a hidden sender")]
    [InlineData("for=\"_SEVKISEK:_80\"", "- - -", "a hidden sender with a hidden port")]
    [InlineData("host=\"example.com:8080\";proto=HTTPS", "- https example.com:8080", "a host with a port")]
    [InlineData("host=\"exa\\mple.com\"", "- - example.com", "a quoted pair")]
    [InlineData("  for=192.0.2.1 ;\tproto=https , , for=192.0.2.2;;", "192.0.2.1 https -|192.0.2.2 - -", "white space, empty elements and pairs")]
    [InlineData("", "", "nothing")]
    [InlineData("secret=a;for=1.2.3.4", "1.2.3.4 - -", "an extension")]
    [InlineData("for=1", "- - -", "a number is no address")]
    public void Well_formed_headers_are_read(string header, string expected, string reason) => Assert.True(
        expected == string.Join('|', ForwardedElement.Parse(header).Select(Text)), $"{reason}: {string.Join('|', ForwardedElement.Parse(header).Select(Text))}");

    [Theory]
    [InlineData("for", "no value")]
    [InlineData("for=", "an empty value")]
    [InlineData("=1.2.3.4", "no name")]
    [InlineData("for =1.2.3.4", "white space before =")]
    [InlineData("for=1.2.3.4 proto=http", "no separator")]
    [InlineData("for=1.2.3.4:80", "a port outside quotes")]
    [InlineData("for=\"1.2.3.4", "an open quote")]
    [InlineData("for=\"1.2.3.4\\", "an open quoted pair")]
    [InlineData("for=\"1.2.3.4\"x", "text behind a quote")]
    [InlineData("for=1.2.3.4;for=5.6.7.8", "a parameter twice")]
    [InlineData("proto=javascript", "a scheme that is not HTTP's")]
    [InlineData("host=\"a/b\"", "a path in the host")]
    [InlineData("host=\"a@b\"", "a user in the host")]
    [InlineData("host=\"\"", "an empty host")]
    [InlineData("for=1.2.3.4, nonsense", "one bad element spoils all")]
    public void Others_are_ignored_as_a_whole(string header, string reason) =>
        Assert.True(ForwardedElement.Parse(header).Count == 0, reason);

    [Fact]
    public void Any_text_is_read_in_linear_time_without_an_exception()
    {
        foreach (var part in new[] { ",", ";", "\"", "for=", "for=\"\\", "for=1.2.3.4,", "a=\"b\";", " ", "[", "\0" })
        {
            ForwardedElement.Parse(string.Concat(Enumerable.Repeat(part, 30_000 / part.Length)));
        }

        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            ForwardedElement.Parse(new string(random.GetItems<char>("for=prothshost\"\\;,=[]: 1.a", 20)));
        }
    }

    private static string Text(ForwardedElement element) =>
        $"{element.Address?.ToString() ?? "-"} {element.Scheme ?? "-"} {element.Host?.Value ?? "-"}";
}
