using System.Text;
using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>A node deletes the records that a topic no longer keeps.</summary>
public sealed class RetentionTests
{
    [Fact]
    public async Task Old_records_are_deleted_and_their_offsets_are_not_used_again()
    {
        using var data = new TemporaryDirectory();
        await using var node = NodeProcess.Launch(["--data", data.Path, "--retention-check-interval", "20"], new Dictionary<string, string>());
        Assert.True(await node.IsServingAsync(), node.Output);
        await KillTests.CreateTopicAsync(node.Client, "t", 1);
        await ProduceAsync(node, "a\nb\n");
        Assert.Equal((0, 2), await BoundsAsync(node));
        using var limit = new StringContent("""{"value":"1"}""", Encoding.UTF8, "application/json");
        (await node.Client.PutAsync("/v1/topics/t/configs/retention.ms", limit)).EnsureSuccessStatusCode();
        await BoundsBecomeAsync(node, (2, 2));
        await ProduceAsync(node, "c\n");
        await BoundsBecomeAsync(node, (3, 3));
    }

    /// <summary>Asks the node, whose clock is the machine's, until it answers as it should; for a minute.</summary>
    private static async Task BoundsBecomeAsync(NodeProcess node, (long Start, long End) expected)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await BoundsAsync(node) != expected)
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    private static async Task ProduceAsync(NodeProcess node, string lines)
    {
        using var body = new StringContent(lines, Encoding.UTF8, "text/plain");
        using var produced = await node.Client.PostAsync("/v1/topics/t/records?partition=0", body);
        await JsonContent.ReadAsync(produced);
    }

    private static async Task<(long Start, long End)> BoundsAsync(NodeProcess node)
    {
        JsonElement offsets = await node.Client.GetJsonAsync("/v1/topics/t/partitions/0/offsets");
        return (offsets.GetProperty("log_start_offset").GetInt64(), offsets.GetProperty("high_watermark").GetInt64());
    }
}
