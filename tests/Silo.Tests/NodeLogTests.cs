using System.Net;

namespace Loire.Silo.Tests;

public class NodeLogTests
{
    [Fact]
    public async Task A_node_that_starts_serves_a_hundred_topics_and_stops_logs_three_lines()
    {
        using var data = new TemporaryDirectory();
        await using var node = await NodeProcess.StartAsync(data.Path);
        foreach (var topic in Enumerable.Range(0, 100).Select(i => $"t{i}"))
        {
            await KillTests.CreateTopicAsync(node.Client, topic, 1);
            using var produced = await node.Client.PostAsync($"/v1/topics/{topic}/records?partition=0", new ByteArrayContent([1]));
            Assert.Equal(HttpStatusCode.OK, produced.StatusCode);
            using var read = await node.Client.GetAsync($"/v1/topics/{topic}/partitions/0/records?offset=earliest");
            Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        }

        Assert.Equal(0, await node.StopAsync());

        // On a machine that is too busy for it, a node may say so.
        var lines = node.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.Contains("LocalSiloHealthMonitor", StringComparison.Ordinal));
        Assert.Collection(
            lines,
            line => Assert.Contains("The store is open", line, StringComparison.Ordinal),
            line => Assert.Contains("listens on", line, StringComparison.Ordinal),
            line => Assert.Contains("has stopped", line, StringComparison.Ordinal));
    }
}
