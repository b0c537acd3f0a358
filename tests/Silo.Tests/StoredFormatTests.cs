using Azure.Storage.Blobs;
using Loire.Storage.Tests.Azurite;

namespace Loire.Silo.Tests;

/// <summary>
/// Stores that earlier builds wrote open in this one with everything that is in them, and take more. <c>Fixtures/write_fixtures.py</c> made
/// them. A new stored format adds stores here and keeps those that there are.
/// </summary>
public class StoredFormatTests
{
    [Theory]
    [InlineData("2026-11-file-stopped")]
    [InlineData("2026-11-file-killed")]
    [InlineData("2026-11-29-file-incarnations")]
    [InlineData("2026-11-29-file-brokers")]
    [InlineData("2026-11-29-file-leaders")]
    [InlineData("2026-11-29-file-features")]
    [InlineData("2026-11-30-file-compacted")]
    [InlineData("2026-11-30-file-reports")]
    [InlineData("2026-11-30-file-unmerged")]
    [InlineData("2026-11-30-file-tables")]
    public async Task A_file_store_written_in_November_2026_opens_and_continues(string name)
    {
        using var data = new TemporaryDirectory();
        StoredFixture.ExtractTo(name, data.Path);
        await OpenAndContinueAsync(name, options => options.Data = data.Path);
    }

    [AzuriteTheory]
    [InlineData("2026-11-azure")]
    [InlineData("2026-11-29-azure-incarnations")]
    public async Task A_blob_container_written_in_November_2026_opens_and_continues(string name)
    {
        var containerName = "loire-" + name;
        var connection = (await AzuriteServer.SharedAsync()).ConnectionString;
        var container = new BlobContainerClient(connection, containerName);
        await container.CreateAsync();
        await StoredFixture.UploadAsync(name, container);
        await OpenAndContinueAsync(
            name, options => (options.Storage, options.AzureConnection, options.AzureContainer) = (StoreKind.Azure, connection, containerName));
    }

    private static async Task OpenAndContinueAsync(string name, Action<NodeOptions> configure)
    {
        var told = StoredFixture.Manifest(name);
        Dictionary<string, string> committed;
        await using (var node = await EmbeddedNode.StartAsync(configure))
        {
            var topics = new StoredTopics(node.Client, told);
            await topics.AreAsToldAsync();
            await topics.KnowRetriesAsync();
            await topics.AppendEverywhereAsync();
            committed = await new StoredGroups(node.Client, told).AreAsToldAndContinueAsync();
        }

        await using var again = await EmbeddedNode.StartAsync(configure);
        await new StoredTopics(again.Client, told).HaveOneMoreRecordAsync();
        await new StoredGroups(again.Client, told).HaveAsync(committed);
    }
}
