using System.Text.Json;
using Loire.Log;
using Loire.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Loire.Silo.Tests;

/// <summary>A node whose storage deletes nothing, as with a credential without the right to.</summary>
public class RefusedDeletionTests
{
    [Fact]
    public async Task A_node_whose_storage_deletes_nothing_takes_records_and_says_that_it_is_degraded()
    {
        await using var node = await EmbeddedNode.StartAsync(configureBuilder: builder =>
            builder.Services.AddKeyedSingleton<IGrainStorage>(
                LogStorage.ProviderName, (services, name) => new Undeletable(services.GetRequiredKeyedService<FileGrainStorage>(name))));
        await node.SendAsync(HttpMethod.Post, "/v1/topics", """{"topic_name":"orders"}""");
        for (var i = 0; i < 300; i++)
        {
            await node.SendAsync(HttpMethod.Post, "/v1/topics/orders/records", "v", "text/plain");
        }

        await node.SendAsync(HttpMethod.Post, "/v1/topics/orders/records:delete", """{"to":"latest"}""");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await LogCheckAsync(node) is not ("degraded", var detail) || !detail.Contains("1 logs", StringComparison.Ordinal))
        {
            // The deletion runs beside appends, which go on.
            patience.Token.ThrowIfCancellationRequested();
            await node.SendAsync(HttpMethod.Post, "/v1/topics/orders/records", "v", "text/plain");
        }
    }

    private static async Task<(string? Status, string Detail)> LogCheckAsync(EmbeddedNode node)
    {
        using var ready = JsonDocument.Parse(await node.SendAsync(HttpMethod.Get, "/readyz"));
        var check = ready.RootElement.GetProperty("checks").GetProperty("log");
        return (ready.RootElement.GetProperty("status").GetString(), check.TryGetProperty("detail", out var detail) ? detail.GetString()! : "");
    }

    private sealed class Undeletable(IGrainStorage inner) : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            inner.ReadStateAsync(stateName, grainId, grainState);

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            inner.WriteStateAsync(stateName, grainId, grainState);

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            throw new UnauthorizedAccessException("This credential may not delete.");
    }
}
