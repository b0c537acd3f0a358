using System.Buffers.Binary;
using System.Text.Json;
using Loire.Coordination.Brokers;
using Loire.Log;
using Loire.Model.Batches;
using Loire.Storage;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Silo.Tests;

/// <summary>Nodes without a cluster, and stores of other feature levels.</summary>
public sealed class FeatureLevelTests
{
    [Theory]
    [InlineData("2026-11-29-file-brokers", 0)]
    [InlineData("2026-11-29-file-features", 1)]
    [InlineData("2026-11-30-file-compacted", 2)]
    [InlineData("2026-11-30-file-reports", 2)]
    [InlineData("2026-11-30-file-unmerged", 2)]
    public async Task A_store_that_a_node_opens_alone_has_the_highest_level_afterwards(string name, int level)
    {
        using var data = new TemporaryDirectory();
        StoredFixture.ExtractTo(name, data.Path);
        Assert.Equal(level, (await ReadAsync(data.Path)).FeatureLevel);
        await using (var node = await NodeProcess.StartAsync(data.Path))
        {
            using var brokers = JsonDocument.Parse(await node.Client.GetStringAsync("/v1/brokers"));
            var broker = Assert.Single(brokers.RootElement.EnumerateArray());
            Assert.Equal(FeatureLevels.Highest, broker.GetProperty("feature_level").GetInt32());
            Assert.InRange(broker.GetProperty("epoch").GetInt64(), 2, long.MaxValue);
            Assert.Contains("\nloire_cluster_feature_level", await node.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
            Assert.Equal(0, await node.StopAsync());
        }

        Assert.Equal(FeatureLevels.Highest, (await ReadAsync(data.Path)).FeatureLevel);
    }

    [Fact]
    public async Task A_node_refuses_a_store_of_a_level_that_it_does_not_know()
    {
        using var data = new TemporaryDirectory();
        await using (var store = await OpenAsync(data.Path))
        {
            var registry = BrokerRegistryCodec.Write(BrokerRegistry.Of("loire", FeatureLevels.Highest + 1));
            var checksum = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(checksum, Crc32C.Compute([.. "brokers"u8, .. registry.Span]));
            var state = new GrainState<StoredObject> { State = new StoredObject { Pieces = [checksum, registry] } };
            await store.WriteStateAsync("loire", GrainId.Create("root", "brokers"), state);
        }

        var (exit, output) = await NodeProcess.RunAsync("--data", data.Path, "--urls", "http://127.0.0.1:0");
        Assert.Equal(1, exit);
        Assert.Equal(
            "The node cannot run: As broker 0: the store has feature level 7, and this version supports the levels 0 to 6.",
            output.TrimEnd('\n').Split('\n')[^1]);
    }

    private static async Task<BrokerRegistry> ReadAsync(string directory)
    {
        await using var store = await OpenAsync(directory);
        var state = new GrainState<StoredObject>(new StoredObject());
        await store.ReadStateAsync("loire", GrainId.Create("root", "brokers"), state);
        Assert.True(BrokerRegistryCodec.TryRead(Assert.Single(state.State!.Pieces).Span[sizeof(uint)..], out var registry));
        return registry;
    }

    private static Task<FileGrainStorage> OpenAsync(string directory) =>
        FileGrainStorage.OpenAsync(new FileStoreOptions { Directory = directory }, TimeProvider.System, NullLogger.Instance);
}
