using System.Net.Http.Json;
using Xunit.Abstractions;

namespace Loire.Silo.Tests;

public class KillTests(ITestOutputHelper output)
{
    // LOIRE_KILLS=50 for a long run.
    private static readonly int _kills = LongRuns.Kills ?? 6;
    private const int KillsBetweenFullReads = 5;
    private const int Partitions = 3;

    [Fact]
    public async Task A_node_killed_again_and_again_under_load_keeps_every_acknowledged_record_in_order()
    {
        var random = Seed.Print(output);
        using var data = new TemporaryDirectory();
        var load = new ProducerLoad("orders", Partitions, random);
        for (var kill = 1; kill <= _kills; kill++)
        {
            await using var node = await NodeProcess.StartAsync(data.Path);
            if (kill == 1)
            {
                await CreateTopicAsync(node.Client, "orders", Partitions);
            }
            else if (kill % KillsBetweenFullReads == 1)
            {
                await load.JudgeAsync(node.Client);
            }

            var before = load.AcknowledgedCount;
            var producers = await load.RunUntilAsync(node.Url, random.Next(1, 150), CancellationToken.None);
            await node.KillAsync();
            await producers;
            Assert.True(load.AcknowledgedCount > before, $"Nothing was acknowledged after kill {kill - 1}:\n{node.Output}");
        }

        await using var last = await EmbeddedNode.StartAsync(options => options.Data = data.Path);
        await load.JudgeAsync(last.Client);
        output.WriteLine($"{_kills} kills, {load.AcknowledgedCount} records acknowledged, all found");
    }

    [Fact]
    public async Task A_node_that_is_asked_to_stop_ends_by_itself_with_everything_written()
    {
        var random = Seed.Print(output);
        using var data = new TemporaryDirectory();
        var load = new ProducerLoad("orders", Partitions, random);
        await using (var node = await NodeProcess.StartAsync(data.Path))
        {
            await CreateTopicAsync(node.Client, "orders", Partitions);
            using var stop = new CancellationTokenSource();
            var producers = await load.RunUntilAsync(node.Url, 50, stop.Token);
            await stop.CancelAsync();
            await producers;
            Assert.Equal(0, await node.StopAsync());
        }

        await using var again = await EmbeddedNode.StartAsync(options => options.Data = data.Path);
        await load.JudgeAsync(again.Client);
    }

    [Fact]
    public async Task A_second_process_on_the_same_directory_refuses_to_start_and_says_why()
    {
        using var data = new TemporaryDirectory();
        await using var first = await NodeProcess.StartAsync(data.Path);
        await using var second = NodeProcess.Launch(data.Path);
        Assert.False(await second.IsServingAsync());
        Assert.NotEqual(0, await second.WaitForExitAsync());
        Assert.Contains(data.Path, second.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Output, StringComparison.Ordinal);
        using var response = await first.Client.GetAsync("/readyz");
        Assert.True(response.IsSuccessStatusCode);
    }

    internal static async Task CreateTopicAsync(HttpClient node, string topic, int partitions)
    {
        using var response = await node.PostAsJsonAsync("/v1/topics", new { topic_name = topic, partitions_count = partitions });
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }
}
