using System.Net;
using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>Orleans' dashboard, which shows more than a stranger may see.</summary>
public sealed class DashboardTests
{
    [Fact]
    public async Task Dashboard_opens_on_this_machine_if_wanted()
    {
        await using var node = await EmbeddedNode.StartAsync(options => options.OrleansDashboard = true);
        var page = await node.Client.GetStringAsync("/orleans/");
        Assert.Contains("index.min.js", page, StringComparison.Ordinal);
        Assert.NotEmpty(await node.Client.GetByteArrayAsync("/orleans/index.min.js"));
        var counters = JsonElement.Parse(await node.Client.GetStringAsync("/orleans/DashboardCounters"));
        Assert.Equal(JsonValueKind.Array, counters.GetProperty("hosts").ValueKind);
        using var stranger = new HttpRequestMessage(HttpMethod.Get, "/orleans/") { Headers = { Host = "rebound.example" } };
        using var refused = await node.Client.SendAsync(stranger);
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
    }

    [Fact]
    public async Task Node_has_no_dashboard_by_default()
    {
        await using var node = await EmbeddedNode.StartAsync();
        using var answer = await node.Client.GetAsync("/orleans/");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }
}
