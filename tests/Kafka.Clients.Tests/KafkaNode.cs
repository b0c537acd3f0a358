using System.Net;
using Loire.Kafka.Requests;
using Loire.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Clients.Tests;

/// <summary>A whole node in this process, to which Kafka's clients connect.</summary>
public sealed class KafkaNode : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("loire-clients-").FullName;
    private WebApplication? _app;

    /// <summary>What clients are configured with.</summary>
    public string Bootstrap { get; private set; } = "";

    /// <summary>Where the HTTP API is.</summary>
    public Uri Http { get; private set; } = null!;

    /// <summary>What the node is made of.</summary>
    public IServiceProvider Services => _app!.Services;

    /// <summary>Who serves the APIs of the protocol, in the order of their keys.</summary>
    public IReadOnlyList<IKafkaHandler> Apis => Services.GetRequiredService<ServedApis>().All;

    public async Task InitializeAsync()
    {
        var options = new NodeOptions
        {
            Data = _directory,
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            KafkaEndpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            LogLevel = LogLevel.Warning,
            GroupInitialRebalanceDelay = TimeSpan.Zero,
            CompactionCheckInterval = TimeSpan.FromSeconds(1),
        };
        _app = LoireHost.Build(options);
        await _app.StartAsync();
        var (http, kafka) = LoireHost.AddressesOf(_app, options);
        (Http, Bootstrap) = (new Uri(http.Single()), kafka.Single());
    }

    public async Task DisposeAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
