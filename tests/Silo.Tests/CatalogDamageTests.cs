using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Loire.Grains.Interfaces.Topics;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Storage.Tests.Azurite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Loire.Silo.Tests;

/// <summary>A node over a store in which an object of a catalog is damaged.</summary>
public class CatalogDamageTests
{
    [Fact]
    public async Task Damage_to_each_object_of_the_catalogs_in_files_stops_nothing_and_loses_nothing()
    {
        using var data = new TemporaryDirectory();
        await RunAsync(options => options.Data = data.Path, keys =>
        {
            var files = Directory.GetFiles(data.Path, "*.store").OrderDescending(StringComparer.Ordinal)
                .ToDictionary(file => file, File.ReadAllBytes);
            foreach (var key in keys)
            {
                // The newest record of the key: its value follows it.
                var text = Encoding.UTF8.GetBytes($"loire\0{key}");
                var bytes = files.Values.First(bytes => bytes.AsSpan().LastIndexOf(text) >= 0);
                bytes.AsSpan(bytes.AsSpan().LastIndexOf(text) + text.Length + 20, 40).Fill(0xA5);
            }

            foreach (var (file, bytes) in files)
            {
                File.WriteAllBytes(file, bytes);
            }

            return Task.CompletedTask;
        });
    }

    [AzuriteFact]
    public async Task Damage_to_each_object_of_the_catalogs_in_blobs_stops_nothing_and_loses_nothing()
    {
        var connection = (await AzuriteServer.SharedAsync()).ConnectionString;
        var container = new BlobContainerClient(connection, "loire-catalogs");
        await RunAsync(
            options => (options.Storage, options.AzureConnection, options.AzureContainer) = (StoreKind.Azure, connection, container.Name),
            async keys =>
            {
                foreach (var key in keys)
                {
                    var blob = container.GetBlobClient($"loire-{key}.json");
                    var bytes = (await blob.DownloadContentAsync()).Value.Content.ToArray();
                    bytes.AsSpan(20, 40).Fill(0xA5);
                    await blob.UploadAsync(new BinaryData(bytes), overwrite: true);
                }
            });
    }

    private static async Task RunAsync(Action<NodeOptions> configure, Func<List<string>, Task> damage)
    {
        await using (var node = await EmbeddedNode.StartAsync(configure))
        {
            foreach (var name in new[] { "a", "b", "c", "d", "gone" })
            {
                await node.SendAsync(HttpMethod.Post, "/v1/topics", $$"""{"topic_name":"{{name}}"}""");
                await node.SendAsync(HttpMethod.Post, $"/v1/topics/{name}/records", "v", "text/plain");
                await node.SendAsync(
                    HttpMethod.Put, $"/v1/groups/group-{name}/offsets",
                    $$"""{"offsets":[{"topic_name":"{{name}}","partition":0,"offset":1}]}""");
            }

            await DeleteAsync(node, "gone");
            await node.SendAsync(HttpMethod.Delete, "/v1/groups/group-d");
            Assert.Empty(await AuditAsync(node));
        }

        // Head, then one other object at a time: the same journal is damaged again and again.
        string[] topics = ["a", "b", "c", "d"];
        foreach (var ending in new[] { "/head", "/chunk/", "/part/" })
        {
            List<string> keys;
            await using (var node = await EmbeddedNode.StartAsync(configure))
            {
                keys = await CatalogKeysAsync(node, ending);
            }

            if (keys.Count == 0)
            {
                continue;
            }

            await damage(keys);
            await using (var node = await EmbeddedNode.StartAsync(configure))
            {
                Assert.Equal(topics, await NamesAsync(node, "/v1/topics", "topic_name"));
                Assert.Equal(["group-a", "group-b", "group-c", "group-gone"], await NamesAsync(node, "/v1/groups", "group_id"));
                Assert.Contains("were rebuilt", await node.SendAsync(HttpMethod.Get, "/readyz"), StringComparison.Ordinal);
                await node.SendAsync(HttpMethod.Post, "/v1/topics", """{"topic_name":"new"}""");
                Assert.Equal([.. topics, "new"], await NamesAsync(node, "/v1/topics", "topic_name"));
                await DeleteAsync(node, "new");
                Assert.Equal(topics, await NamesAsync(node, "/v1/topics", "topic_name"));
                await node.Services.GetRequiredService<IGrainFactory>().GetGrain<ICatalogGrain>(ICatalogGrain.Key).Sweep();
                Assert.Empty(await AuditAsync(node));
            }
        }
    }

    private static Task<string> DeleteAsync(EmbeddedNode node, string topic) => node.SendAsync(HttpMethod.Delete, $"/v1/topics/{topic}");

    private static async Task<List<string>> NamesAsync(EmbeddedNode node, string path, string property)
    {
        using var page = JsonDocument.Parse(await node.SendAsync(HttpMethod.Get, path));
        var names = page.RootElement.EnumerateArray().Select(item => item.GetProperty(property).GetString()!);
        return [.. names.Where(name => !name.StartsWith("__", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    private static async Task<List<string>> CatalogKeysAsync(EmbeddedNode node, string part)
    {
        List<string> keys = [];
        await foreach (var id in Listing(node).ListAsync("loire", "log/", default))
        {
            var isOfCatalog = id.StartsWith("log/catalog/", StringComparison.Ordinal) || id.StartsWith("log/groups/", StringComparison.Ordinal);
            if (isOfCatalog && id.Contains(part, StringComparison.Ordinal))
            {
                keys.Add(id);
            }
        }

        return keys;
    }

    private static Task<IReadOnlyList<LogFinding>> AuditAsync(EmbeddedNode node) => LogAudit.FindAsync(
        Listing(node), node.Services.GetRequiredKeyedService<IGrainStorage>(LogStorage.ProviderName), TimeProvider.System);

    private static IObjectListing Listing(EmbeddedNode node) => node.Services.GetRequiredKeyedService<IObjectListing>(LogStorage.ProviderName);
}
