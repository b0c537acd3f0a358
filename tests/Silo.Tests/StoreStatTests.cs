using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>The command that measures the store of a node that is stopped.</summary>
public sealed class StoreStatTests
{
    [Fact]
    public async Task The_logs_of_a_store_are_measured_one_by_one_and_together()
    {
        using var data = new TemporaryDirectory();
        await using (var node = await NodeProcess.StartAsync(data.Path))
        {
            await KillTests.CreateTopicAsync(node.Client, "orders", 2);
            using var body = new StringContent("a\nb\nc\n");
            (await node.Client.PostAsync("/v1/topics/orders/records?partition=1", body)).EnsureSuccessStatusCode();
            Assert.Equal(0, await node.StopAsync());
        }

        var (exit, output) = await NodeProcess.RunAsync("store", "stat", "--data", data.Path, "--json");
        Assert.True(exit == 0, output);
        using var document = JsonDocument.Parse(output);
        var logs = document.RootElement.GetProperty("logs").EnumerateArray().ToList();
        var partition = Assert.Single(logs, log => log.TryGetProperty("topic", out var topic) && topic.GetString() == "orders");
        Assert.Equal((1, 3, 0, 3), (Int(partition, "partition"), Int(partition, "records"), Int(partition, "log_start_offset"), Int(partition, "log_end_offset")));
        Assert.InRange(Int(partition, "bytes"), 100, 10_000);
        Assert.InRange(partition.GetProperty("oldest_timestamp").GetInt64(), 1_700_000_000_000, partition.GetProperty("newest_timestamp").GetInt64());
        Assert.Contains(logs, log => log.GetProperty("log").GetString() == "topic/orders");
        var sum = document.RootElement.GetProperty("sum");
        foreach (var figure in (string[])["bytes", "objects", "chunks", "segments", "pages", "snapshots", "garbage"])
        {
            Assert.Equal(logs.Sum(log => Int(log, figure)), Int(sum, figure));
        }

        (exit, output) = await NodeProcess.RunAsync("store", "stat", "--data", data.Path);
        Assert.True(exit == 0, output);
        var lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(logs.Count + 2, lines.Length);
        Assert.StartsWith("LOG ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("orders/1 ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith($"{logs.Count} logs ", lines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-11-file-stopped")]
    [InlineData("2026-11-29-file-incarnations")]
    public async Task The_store_of_an_earlier_build_is_measured_and_stays_as_it_is(string name)
    {
        using var data = new TemporaryDirectory();
        StoredFixture.ExtractTo(name, data.Path);
        var (exit, output) = await NodeProcess.RunAsync("store", "stat", "--data", data.Path);
        Assert.True(exit == 0 && output.Contains(" logs ", StringComparison.Ordinal), output);
        (exit, output) = await NodeProcess.RunAsync("store", "check", "--data", data.Path);
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task A_store_that_does_not_exist_is_not_created()
    {
        using var data = new TemporaryDirectory();
        var path = Path.Combine(data.Path, "none");
        var (exit, output) = await NodeProcess.RunAsync("store", "stat", "--data", path);
        Assert.True(exit == 1 && !Directory.Exists(path), output);
    }

    private static int Int(JsonElement json, string name) => json.GetProperty(name).GetInt32();
}
