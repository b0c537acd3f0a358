using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Loire.Client;
using Loire.Log;
using Loire.Storage;
using Loire.Storage.Objects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Groups.Benchmarks;

/// <summary>One silo over a file store in a directory of its own, which goes with it.</summary>
internal sealed class GroupNode : IAsyncDisposable
{
    private readonly string _directory;
    private readonly IHost _host;

    private GroupNode(string directory, FileGrainStorage store, IHost host)
    {
        (_directory, Store, _host) = (directory, store, host);
        Grains = host.Services.GetRequiredService<IGrainFactory>();
        Client = new LoireClient(Grains);
    }

    public FileGrainStorage Store { get; }

    public IGrainFactory Grains { get; }

    public LoireClient Client { get; }

    /// <summary>Starts it.</summary>
    /// <param name="parent">Where its directory is to be.</param>
    /// <param name="cacheBytes">For what consumers read; without them it would only count as memory of groups.</param>
    public static async Task<GroupNode> StartAsync(string parent, long cacheBytes = 0)
    {
        var directory = Path.Combine(parent, "loire-bench-" + Guid.NewGuid().ToString("N"));
        var store = await FileGrainStorage.OpenAsync(
            new FileStoreOptions { Directory = directory }, TimeProvider.System, NullLogger.Instance);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(FreePort(), gatewayPort: 0);
            silo.AddFileGrainStorage(LogStorage.ProviderName, store);
            silo.AddLoireGrains(options => options.CacheBytes = cacheBytes);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new GroupNode(directory, store, host);
    }

    public static string Name(string kind, int number) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{number}");

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await Store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
