using System.Net;
using Loire.Silo;

namespace Loire.WebApi.Tests;

/// <summary>A node behind proxies that say how the client reached them.</summary>
public sealed class ProxyTests
{
    private static readonly IPNetwork Here = IPNetwork.Parse("127.0.0.0/8");
    private static readonly IPNetwork Inner = IPNetwork.Parse("10.0.0.0/8");

    [Theory]
    [InlineData("", "http://NODE/consumers/g/instances/i", "no header")]
    [InlineData("X-Forwarded-Proto: https|X-Forwarded-Host: api.example|X-Forwarded-For: 203.0.113.9", "https://api.example/consumers/g/instances/i", "all of one proxy")]
    [InlineData("X-Forwarded-Proto: https|X-Forwarded-For: 203.0.113.9", "https://NODE/consumers/g/instances/i", "the host is passed on as it is")]
    [InlineData("X-Forwarded-Host: api.example:8443|X-Forwarded-For: 203.0.113.9", "http://api.example:8443/consumers/g/instances/i", "a host with a port")]
    [InlineData("X-Forwarded-Prefix: /loire|X-Forwarded-For: 203.0.113.9", "http://NODE/loire/consumers/g/instances/i", "a prefix that the proxy has removed")]
    [InlineData("X-Forwarded-Host: evil.example, api.example|X-Forwarded-For: 198.51.100.1, 203.0.113.9", "http://api.example/consumers/g/instances/i", "the client has sent headers, too")]
    [InlineData("X-Forwarded-Host: outer.example, inner.example|X-Forwarded-For: 203.0.113.9, 10.1.2.3", "http://outer.example/consumers/g/instances/i", "two proxies that are trusted")]
    [InlineData("X-Forwarded-Host: a b/c|X-Forwarded-For: 203.0.113.9", "http://NODE/consumers/g/instances/i", "a host that is none")]
    [InlineData("Forwarded: for=203.0.113.9;host=evil.example", "http://NODE/consumers/g/instances/i", "the header that these proxies do not set")]
    public async Task X_Forwarded_headers_of_trusted_proxies_make_base_uri(string headers, string expected, string reason)
    {
        await using var node = await NodeHost.StartAsync(configure: options => options.TrustedProxies = [Here, Inner]);
        Assert.True(await BaseUriAsync(node, headers) == expected, reason);
    }

    [Theory]
    [InlineData("Forwarded: for=203.0.113.9;proto=https;host=api.example", "https://api.example/consumers/g/instances/i", "one proxy")]
    [InlineData("Forwarded: for=_hidden;proto=https;host=\"api.example:8443\"", "https://api.example:8443/consumers/g/instances/i", "a proxy that hides its client")]
    [InlineData("Forwarded: host=evil.example, for=203.0.113.9;host=api.example", "http://api.example/consumers/g/instances/i", "the client has sent the header, too")]
    [InlineData("Forwarded: for=203.0.113.9;host=outer.example, for=10.1.2.3;host=inner.example", "http://outer.example/consumers/g/instances/i", "two proxies that are trusted")]
    [InlineData("Forwarded: for=203.0.113.9;host=outer.example|Forwarded: for=10.1.2.3;host=inner.example", "http://outer.example/consumers/g/instances/i", "two headers")]
    [InlineData("Forwarded: host=evil.example, for=10.1.2.3;host", "http://NODE/consumers/g/instances/i", "a header that is not well-formed")]
    [InlineData("X-Forwarded-Host: evil.example|X-Forwarded-For: 203.0.113.9", "http://NODE/consumers/g/instances/i", "the header that these proxies do not set")]
    public async Task Forwarded_of_trusted_proxies_makes_base_uri(string headers, string expected, string reason)
    {
        await using var node = await NodeHost.StartAsync(configure: options =>
        {
            options.TrustedProxies = [Here, Inner];
            options.ForwardedHeader = ForwardedHeaderKind.Forwarded;
        });
        Assert.True(await BaseUriAsync(node, headers) == expected, reason);
    }

    [Theory]
    [InlineData(null, ForwardedHeaderKind.XForwarded)]
    [InlineData(null, ForwardedHeaderKind.Forwarded)]
    [InlineData("10.0.0.0/8", ForwardedHeaderKind.XForwarded)]
    [InlineData("10.0.0.0/8", ForwardedHeaderKind.Forwarded)]
    public async Task Forwarded_headers_of_untrusted_peers_are_ignored(string? trusted, ForwardedHeaderKind header)
    {
        await using var node = await NodeHost.StartAsync(configure: options =>
        {
            options.TrustedProxies = trusted is null ? [] : [IPNetwork.Parse(trusted)];
            options.ForwardedHeader = header;
        });
        const string Headers = "Forwarded: for=10.1.2.3;host=evil.example|X-Forwarded-Host: evil.example|X-Forwarded-For: 10.1.2.3|X-Forwarded-Prefix: /evil";
        Assert.Equal("http://NODE/consumers/g/instances/i", await BaseUriAsync(node, Headers));
    }

    [Fact]
    public async Task Links_have_the_prefix_that_the_proxy_has_removed()
    {
        await using var node = await NodeHost.StartAsync(configure: options => options.TrustedProxies = [Here]);
        (string, string)[] prefix = [("X-Forwarded-Prefix", "/loire"), ("X-Forwarded-For", "203.0.113.9")];
        var created = await node.SendAsync(HttpMethod.Post, "/v1/topics", "application/json", """{"topic_name":"a"}"""u8.ToArray(), null, prefix);
        Assert.Equal((HttpStatusCode.Created, "/loire/v1/topics/a"), (created.Status, created.Header("Location")));
        await node.PostAsync("/v1/topics", "application/json", """{"topic_name":"b"}""");
        var listed = await node.SendAsync(HttpMethod.Get, "/v1/topics?limit=1", null, null, null, prefix);
        Assert.Equal("</loire/v1/topics?after=a&limit=1>; rel=\"next\"", listed.Header("Link"));
    }

    private static async Task<string> BaseUriAsync(NodeHost node, string headers)
    {
        using var connection = await RawConnection.OpenAsync(node.Address);
        const string Body = """{"name":"i"}""";
        var lines = string.Concat(headers.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(line => line + "\r\n"));
        await connection.SendAsync(
            $"POST /consumers/g HTTP/1.1\r\nHost: NODE\r\nConnection: close\r\nContent-Type: application/vnd.kafka.v2+json\r\nContent-Length: {Body.Length}\r\n{lines}\r\n{Body}");
        var answer = await connection.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        return answer[(answer.IndexOf("\"base_uri\":\"", StringComparison.Ordinal) + 12)..answer.LastIndexOf("\"}", StringComparison.Ordinal)];
    }
}
