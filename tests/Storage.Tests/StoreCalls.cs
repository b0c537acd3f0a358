using System.Net;
using System.Net.Sockets;
using Loire.Log;
using Orleans.Storage;

namespace Loire.Storage.Tests;

/// <summary>Short forms of the calls that tests make.</summary>
internal static class StoreCalls
{
    /// <returns>The new ETag.</returns>
    public static async Task<string> WriteAsync(this IGrainStorage store, string key, byte[] value, string? etag = null)
    {
        var state = new GrainState<StoredObject> { State = new StoredObject { Pieces = [value] }, ETag = etag! };
        await store.WriteStateAsync("state", GrainId.Create("test", key), state);
        return state.ETag;
    }

    /// <returns>The value; null if there is none.</returns>
    public static async Task<byte[]?> ReadAsync(this IGrainStorage store, string key)
    {
        var state = new GrainState<StoredObject>();
        await store.ReadStateAsync("state", GrainId.Create("test", key), state);
        return state.RecordExists ? state.State!.Pieces.Single().ToArray() : null;
    }

    public static Task ClearAsync(this IGrainStorage store, string key, string? etag)
        => store.ClearStateAsync(
            "state", GrainId.Create("test", key), new GrainState<StoredObject> { State = new StoredObject(), ETag = etag! });
}

/// <summary>Ports for silos of one process.</summary>
internal static class Ports
{
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
