using Azure.Storage.Blobs;
using Loire.Storage.Tests.Azurite;

namespace Loire.Silo.Tests;

/// <summary>The command that repairs the container of nodes that are stopped.</summary>
public class AzureRepairTests
{
    [AzuriteFact]
    public async Task Damaged_container_is_repaired_with_consent_and_not_without()
    {
        var (container, command) = await NewAsync("loire-repair");
        await container.CreateAsync();
        await StoredFixture.UploadAsync("2026-11-29-azure-incarnations", container);
        var (exit, output) = await NodeProcess.RunAsync(command);
        Assert.True(exit == 0 && output.Contains("The store is sound", StringComparison.Ordinal), output);

        var names = NamesOf(container);
        var heads = names.Where(name => name.EndsWith("/head.json", StringComparison.Ordinal)).ToList();
        var topic = heads.First(name => name.StartsWith("loire-log/topic/", StringComparison.Ordinal));
        var head = heads.First(name => name.StartsWith("loire-log/group/", StringComparison.Ordinal));
        await ChangeAsync(container, topic, bytes => bytes[^2] ^= 1);
        await ChangeAsync(container, head, bytes => bytes.AsSpan(20, 60).Fill(0xA5));
        (exit, output) = await NodeProcess.RunAsync(command);
        Assert.True(exit == 1 && output.Contains("has one flipped bit", StringComparison.Ordinal), output);
        Assert.Contains("its log cannot be opened", output, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed.", output, StringComparison.Ordinal);
        Assert.Equal(names, NamesOf(container));

        (exit, output) = await NodeProcess.RunAsync([.. command, "--yes"]);
        Assert.True(exit == 0 && output.Contains("The store is repaired.", StringComparison.Ordinal), output);
        (exit, output) = await NodeProcess.RunAsync(command);
        Assert.True(exit == 0 && output.Contains("The store is sound", StringComparison.Ordinal), output);
        var group = head[..^"head.json".Length];
        Assert.Equal(names.Where(name => !name.StartsWith(group, StringComparison.Ordinal)), NamesOf(container));
    }

    [AzuriteFact]
    public async Task Container_that_a_node_writes_to_is_not_repaired()
    {
        var (container, command) = await NewAsync("loire-repair-in-use");
        await using var node = await EmbeddedNode.StartAsync(options =>
            (options.Storage, options.AzureConnection, options.AzureContainer) = (StoreKind.Azure, command[5], container.Name));
        await node.SendAsync(HttpMethod.Post, "/v1/topics", """{"topic_name":"orders"}""");
        await container.UploadBlobAsync("loire-log/topic/broken/head.json", new BinaryData("no head"));
        using var ended = new CancellationTokenSource();
        var producing = ProduceAsync(node, ended.Token);
        var (exit, output) = await NodeProcess.RunAsync([.. command, "--yes"]);
        await ended.CancelAsync();
        await producing;
        Assert.True(exit == 1 && output.Contains("in use", StringComparison.Ordinal), output);
        Assert.Contains("Nothing was changed.", output, StringComparison.Ordinal);
        Assert.True(await container.GetBlobClient("loire-log/topic/broken/head.json").ExistsAsync());
    }

    [AzuriteFact]
    public async Task Registry_of_brokers_that_is_damaged_is_named_by_a_lone_node_and_removed_by_the_repair()
    {
        const string Registry = "loire-root/brokers.json";
        var (container, command) = await NewAsync("loire-repair-registry");
        void OnAzure(NodeOptions options) => (options.Storage, options.AzureConnection, options.AzureContainer) = (StoreKind.Azure, command[5], container.Name);
        await using (await EmbeddedNode.StartAsync(OnAzure))
        {
        }

        await ChangeAsync(container, Registry, bytes => bytes.AsSpan(5).Fill(0xA5));
        await using (var node = await EmbeddedNode.StartAsync(OnAzure))
        {
            using var brokers = await node.Client.GetAsync("/v1/brokers");
            Assert.Equal(503, (int)brokers.StatusCode);
            Assert.Contains("The object root/brokers of the store is damaged.", await brokers.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            using var ready = await node.Client.GetAsync("/readyz");
            Assert.Equal(200, (int)ready.StatusCode);
        }

        var (exit, output) = await NodeProcess.RunAsync(["store", "check", .. command[2..]]);
        Assert.True(exit == 1 && output.Contains("root/brokers is damaged.", StringComparison.Ordinal), output);
        (exit, output) = await NodeProcess.RunAsync([.. command, "--yes"]);
        Assert.True(exit == 0 && output.Contains("root/brokers, the registry of brokers, is damaged beyond repair", StringComparison.Ordinal), output);
        Assert.DoesNotContain(Registry, NamesOf(container));
    }

    private static List<string> NamesOf(BlobContainerClient container) =>
        [.. container.GetBlobs().Select(blob => blob.Name).Order(StringComparer.Ordinal)];

    private static async Task ProduceAsync(EmbeddedNode node, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            await node.SendAsync(HttpMethod.Post, "/v1/topics/orders/records", "v", "text/plain");
        }
    }

    private static async Task<(BlobContainerClient Container, string[] Command)> NewAsync(string name)
    {
        var connection = (await AzuriteServer.SharedAsync()).ConnectionString;
        return (new BlobContainerClient(connection, name),
            ["store", "repair", "--storage", "azure", "--azure-connection", connection, "--azure-container", name]);
    }

    private static async Task ChangeAsync(BlobContainerClient container, string name, Action<byte[]> change)
    {
        var blob = container.GetBlobClient(name);
        var bytes = (await blob.DownloadContentAsync()).Value.Content.ToArray();
        change(bytes);
        await blob.UploadAsync(new BinaryData(bytes), overwrite: true);
    }
}
