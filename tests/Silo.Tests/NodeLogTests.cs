using System.Net;
using System.Net.Sockets;

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
    [Fact]
    public async Task A_node_whose_address_for_Kafkas_clients_is_taken_says_so_in_one_line_and_how_to_choose_another()
    {
        using var data = new TemporaryDirectory();
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var (exit, output) = await NodeProcess.RunAsync("--data", data.Path, "--urls", "http://127.0.0.1:0", "--kafka", $"{holder.LocalEndpoint}");
        var line = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Equal(1, exit);
        Assert.Equal(
            $"The node cannot run: Failed to bind to address http://{holder.LocalEndpoint}: address already in use. "
            + "--urls and --kafka choose other ports, --kafka none leaves out Kafka's protocol.",
            line);
    }
}
