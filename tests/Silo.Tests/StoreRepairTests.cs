using System.Text;
using Loire.Log;
using Loire.Storage;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Silo.Tests;

/// <summary>The command that repairs the store of a node that is stopped.</summary>
public sealed class StoreRepairTests : IDisposable
{
    private readonly TemporaryDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task A_damaged_store_is_repaired_with_consent_and_not_without()
    {
        await using (var store = await OpenAsync())
        {
            await store.WriteStateAsync("loire", GrainId.Create("log", "t/0/head"), State("the head"));
        }

        var file = Directory.GetFiles(_data.Path, "*.store").Single();
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes("the head"))] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);

        var (exit, output) = await NodeProcess.RunAsync("store", "repair", "--data", _data.Path);
        Assert.True(exit == 1 && output.Contains("log/t/0/head has one flipped bit", StringComparison.Ordinal), output);
        Assert.Contains("Nothing was changed.", output, StringComparison.Ordinal);
        (exit, output) = await NodeProcess.RunAsync("store", "repair", "--data", _data.Path, "--yes");
        Assert.True(exit == 0 && output.Contains("The store is repaired.", StringComparison.Ordinal), output);
        (exit, output) = await NodeProcess.RunAsync("store", "repair", "--data", _data.Path);
        Assert.True(exit == 0 && output.Contains("The store is sound: all of its 1 objects", StringComparison.Ordinal), output);
    }

    [Fact]
    public async Task A_store_that_is_open_or_missing_is_not_repaired()
    {
        await using (await OpenAsync())
        {
            var (exit, output) = await NodeProcess.RunAsync("store", "repair", "--data", _data.Path, "--yes");
            Assert.True(exit == 1 && output.Contains("in use by process", StringComparison.Ordinal), output);
        }

        var missing = await NodeProcess.RunAsync("store", "repair", "--data", Path.Combine(_data.Path, "none"));
        Assert.True(missing.Exit == 1 && missing.Output.Contains("There is no store", StringComparison.Ordinal), missing.Output);
        Assert.False(Directory.Exists(Path.Combine(_data.Path, "none")));
    }

    private static GrainState<StoredObject> State(string text) => new() { State = new StoredObject { Pieces = [Encoding.ASCII.GetBytes(text)] } };

    private Task<FileGrainStorage> OpenAsync() =>
        FileGrainStorage.OpenAsync(new FileStoreOptions { Directory = _data.Path }, TimeProvider.System, NullLogger.Instance);
}
