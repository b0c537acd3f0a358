using System.Net;

namespace Loire.WebApi.Tests;

/// <summary>A node that pages of other origins use (CORS).</summary>
public sealed class BrowserTests
{
    private const string Json = "application/json";
    private const string Origin = "https://app.example";

    [Fact]
    public async Task Without_the_option_no_page_of_another_origin_can_read_an_answer()
    {
        await using var node = await NodeHost.StartAsync();
        var answer = await node.SendAsync(HttpMethod.Get, "/v1/topics", null, null, null, ("Origin", Origin));
        Assert.Equal((HttpStatusCode.OK, ""), (answer.Status, answer.Header("Access-Control-Allow-Origin")));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await AskAsync(node, Origin)).Status);
    }

    [Fact]
    public async Task Pages_of_the_given_origins_can_ask_for_every_method_and_header()
    {
        await using var node = await NodeHost.StartAsync(configure: options => options.CorsOrigins = [Origin, "http://localhost:3000"]);
        foreach (var origin in new[] { Origin, "http://localhost:3000" })
        {
            var preflight = await AskAsync(node, origin);
            Assert.Equal((HttpStatusCode.NoContent, origin), (preflight.Status, preflight.Header("Access-Control-Allow-Origin")));
            Assert.Equal(("PUT", "content-type,record-key", "7200"), (preflight.Header("Access-Control-Allow-Methods"), preflight.Header("Access-Control-Allow-Headers"), preflight.Header("Access-Control-Max-Age")));
            Assert.Equal("", preflight.Header("Access-Control-Allow-Credentials"));
        }

        Assert.Equal("", (await AskAsync(node, "https://evil.example")).Header("Access-Control-Allow-Origin"));
        Assert.Equal("", (await AskAsync(node, "null")).Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Scripts_see_answers_errors_and_the_headers_that_they_need()
    {
        await using var node = await NodeHost.StartAsync(configure: options => options.CorsOrigins = [Origin, "http://localhost:3000"]);
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t"}""");
        foreach (var (path, status) in new[]
        {
            ("/v1/topics/t/partitions/0/records", 200), ("/v1/topics/none", 404), ("/v1/none", 404), ("/v1/topics?limit=x", 400), ("/consumers/g/instances/none/records", 404),
        })
        {
            var answer = await node.SendAsync(HttpMethod.Get, path, null, null, null, ("Origin", Origin));
            Assert.Equal((status, Origin), ((int)answer.Status, answer.Header("Access-Control-Allow-Origin")));
            Assert.Contains("Origin", answer.Headers.Vary);
            var exposed = answer.Header("Access-Control-Expose-Headers").Split(',');
            Assert.All(["Location", "Link", "ETag", "Next-After", "Next-Offset", "High-Watermark", "Retry-After"], name => Assert.Contains(name, exposed));
        }
    }

    [Fact]
    public async Task A_wildcard_allows_any_origin()
    {
        await using var node = await NodeHost.StartAsync(configure: options => options.CorsOrigins = ["*"]);
        var answer = await node.SendAsync(HttpMethod.Get, "/v1/topics", null, null, null, ("Origin", "https://evil.example"));
        Assert.Equal("*", answer.Header("Access-Control-Allow-Origin"));
    }

    private static Task<Answered> AskAsync(NodeHost node, string origin) => node.SendAsync(
        HttpMethod.Options, "/v1/topics/t/configs/retention.ms", null, null, null,
        ("Origin", origin), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "content-type,record-key"));
}
