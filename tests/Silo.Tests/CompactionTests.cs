using System.Text;
using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>A node compacts the topics that ask for it, and what stays survives its death.</summary>
public sealed class CompactionTests
{
    private const int Keys = 7;
    private const int Requests = 150;

    [Fact]
    public async Task The_last_value_of_each_key_stays_also_after_the_node_was_killed()
    {
        using var data = new TemporaryDirectory();
        string[] options = ["--data", data.Path, "--compaction-check-interval", "20"];
        await using (var node = NodeProcess.Launch(options, new Dictionary<string, string>()))
        {
            Assert.True(await node.IsServingAsync(), node.Output);
            using var topic = Json("""{"topic_name":"t","partitions_count":1,"configs":[{"name":"cleanup.policy","value":"compact"},{"name":"min.cleanable.dirty.ratio","value":"0"}]}""");
            (await node.Client.PostAsync("/v1/topics", topic)).EnsureSuccessStatusCode();
            using (var keyless = new StringContent("no key", Encoding.UTF8, "text/plain"))
            using (var refused = await node.Client.PostAsync("/v1/topics/t/records", keyless))
            {
                Assert.Contains("INVALID_RECORD", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }

            for (var i = 0; i < Requests; i++)
            {
                using var body = Json($$"""{"records":[{"key":"k{{i % Keys}}","value":"{{i}}"},{"key":"other{{i % Keys}}","value":"{{i}}"}]}""");
                (await node.Client.PostAsync("/v1/topics/t/records?partition=0", body)).EnsureSuccessStatusCode();
            }

            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            while ((await ReadAsync(node)).Count > Requests)
            {
                patience.Token.ThrowIfCancellationRequested();
            }

            await node.KillAsync();
        }

        var (exit, output) = await NodeProcess.RunAsync("store", "check", "--data", data.Path);
        Assert.True(exit == 0, output);
        await using var next = NodeProcess.Launch(options, new Dictionary<string, string>());
        Assert.True(await next.IsServingAsync(), next.Output);
        var records = await ReadAsync(next);
        Assert.InRange(records.Count, 2 * Keys, Requests);
        Assert.Equal(records.Select(record => record.Offset).Order(), records.Select(record => record.Offset));
        foreach (var last in records.GroupBy(record => record.Key).Select(group => group.Last()))
        {
            Assert.Equal(last.Key.StartsWith("k", StringComparison.Ordinal) ? 2L * last.Value : (2L * last.Value) + 1, last.Offset);
            Assert.InRange(last.Value, Requests - Keys, Requests - 1);
        }
    }

    private static async Task<List<(long Offset, string Key, int Value)>> ReadAsync(NodeProcess node)
    {
        var records = new List<(long, string, int)>();
        for (var next = 0L; next < 2 * Requests; next = records[^1].Item1 + 1)
        {
            JsonElement page = await node.Client.GetJsonAsync($"/v1/topics/t/partitions/0/records?offset={next}&max_wait_ms=0");
            foreach (var record in page.EnumerateArray())
            {
                records.Add((
                    record.GetProperty("offset").GetInt64(), record.GetProperty("key").GetString()!,
                    int.Parse(record.GetProperty("value").GetString()!, null)));
            }

            Assert.NotEmpty(records);
        }

        return records;
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
