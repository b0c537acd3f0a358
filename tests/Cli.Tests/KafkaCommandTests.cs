namespace Loire.Cli.Tests;

public sealed class KafkaCommandTests
{
    [Fact]
    public async Task The_APIs_that_a_node_serves_are_listed_with_their_versions()
    {
        const string Produce = """{"api_key":0,"name":"Produce","min_version":0,"max_version":13}""";
        const string Fetch = """{"api_key":1,"name":"Fetch","min_version":4,"max_version":17}""";
        await using var scripted = new ScriptedNode(new() { ["/v1/kafka/apis"] = $"[{Produce},{Fetch}]" });
        using var shell = new Shell(scripted.Url);
        Assert.Equal([Produce, Fetch], (await shell.RunAsync("kafka", "apis", "-o", "ndjson")).AssertOk().Lines);
        Assert.Equal(
            ["API_KEY  NAME     MIN_VERSION  MAX_VERSION", "      0  Produce            0           13", "      1  Fetch              4           17"],
            (await shell.RunAsync("kafka", "apis")).AssertOk().Lines);
    }

    [Fact]
    public async Task A_node_without_an_endpoint_for_Kafkas_clients_serves_none()
    {
        await using var scripted = new ScriptedNode(new() { ["/v1/kafka/apis"] = "[]" });
        using var shell = new Shell(scripted.Url);
        var run = await shell.RunAsync("kafka", "apis", "-v");
        Assert.Equal((0, "API_KEY  NAME  MIN_VERSION  MAX_VERSION\n"), (run.Exit, run.Output));
        Assert.Contains("no endpoint for Kafka's clients", run.Error, StringComparison.Ordinal);
    }
}
