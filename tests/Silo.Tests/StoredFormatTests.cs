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
    public async Task A_file_store_written_in_November_2026_opens_and_continues(string name)
    {
        using var data = new TemporaryDirectory();
        StoredFixture.ExtractTo(name, data.Path);
        await OpenAndContinueAsync(name, () => NodeProcess.StartAsync(data.Path));
    }

    [AzuriteFact]
    public async Task A_blob_container_written_in_November_2026_opens_and_continues()
    {
        const string Name = "2026-11-azure";
        const string Container = "loire-2026-11";
        var connection = (await AzuriteServer.SharedAsync()).ConnectionString;
        var container = new BlobContainerClient(connection, Container);
        await container.CreateAsync();
        await StoredFixture.UploadAsync(Name, container);
        using var data = new TemporaryDirectory();
        await OpenAndContinueAsync(Name, () => NodeProcess.StartAsync(
            data.Path, "env", "LOIRE_STORAGE=azure", $"LOIRE_AZURE_CONNECTION={connection}", $"LOIRE_AZURE_CONTAINER={Container}"));
    }

    private static async Task OpenAndContinueAsync(string name, Func<Task<NodeProcess>> start)
    {
        var told = StoredFixture.Manifest(name);
        Dictionary<string, string> committed;
        await using (var node = await start())
        {
            var topics = new StoredTopics(node.Client, told);
            await topics.AreAsToldAsync();
            await topics.AppendEverywhereAsync();
            committed = await new StoredGroups(node.Client, told).AreAsToldAndContinueAsync();
            Assert.Equal(0, await node.StopAsync());
        }

        await using var again = await start();
        await new StoredTopics(again.Client, told).HaveOneMoreRecordAsync();
        await new StoredGroups(again.Client, told).HaveAsync(committed);
    }
}
