using System.Text;
using Azure.Storage.Blobs;
using Loire.Log;
using Loire.Storage;
using Loire.Storage.Objects;
using Loire.Storage.Tests.Azurite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Silo.Tests;

/// <summary>The command that checks the store of a node that is stopped.</summary>
public sealed class StoreCheckTests
{
    private const string Leaked = "log/0123456789abcdef0123456789abcdef/0/chunk/0000000000000003";

    [Theory]
    [InlineData("2026-11-file-stopped")]
    [InlineData("2026-11-29-file-incarnations")]
    public async Task Store_of_an_earlier_build_is_sound_and_what_belongs_to_no_log_is_named(string name)
    {
        using var data = new TemporaryDirectory();
        StoredFixture.ExtractTo(name, data.Path);
        var (exit, output) = await NodeProcess.RunAsync("store", "check", "--data", data.Path);
        Assert.True(exit == 0 && output.Contains("no log misses one", StringComparison.Ordinal), output);

        await using (var store = await FileGrainStorage.OpenAsync(
            new FileStoreOptions { Directory = data.Path }, TimeProvider.System, NullLogger.Instance))
        {
            var state = new GrainState<StoredObject> { State = new StoredObject { Pieces = [Encoding.ASCII.GetBytes("late")] } };
            await store.WriteStateAsync("loire", GrainId.Create("log", Leaked["log/".Length..]), state);
        }

        (exit, output) = await NodeProcess.RunAsync("store", "check", "--data", data.Path);
        Assert.True(exit == 1 && output.Contains($"{Leaked} belongs to no living log.", StringComparison.Ordinal), output);
    }

    [AzuriteFact]
    public async Task Container_of_an_earlier_build_is_sound_and_what_belongs_to_no_log_is_named()
    {
        var connection = (await AzuriteServer.SharedAsync()).ConnectionString;
        var container = new BlobContainerClient(connection, "loire-check");
        string[] command = ["store", "check", "--storage", "azure", "--azure-connection", connection, "--azure-container", container.Name];
        await container.CreateAsync();
        await StoredFixture.UploadAsync("2026-11-29-azure-incarnations", container);
        var (exit, output) = await NodeProcess.RunAsync(command);
        Assert.True(exit == 0 && output.Contains("no log misses one", StringComparison.Ordinal), output);

        await container.UploadBlobAsync($"loire-{Leaked}.json", new BinaryData("late"));
        (exit, output) = await NodeProcess.RunAsync(command);
        Assert.True(exit == 1 && output.Contains($"{Leaked} belongs to no living log.", StringComparison.Ordinal), output);
    }
}
