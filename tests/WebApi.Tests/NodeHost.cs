using System.Net;
using Loire.Silo;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.WebApi.Tests;

/// <summary>A whole node in this process, with its files in a directory of its own and HTTP on a free port.</summary>
public sealed class NodeHost : IServed, IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly bool _ownsData;
    private bool _stopped;

    private NodeHost(WebApplication app, string data, bool ownsData)
    {
        _app = app;
        Data = data;
        _ownsData = ownsData;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(100) };
    }

    public HttpClient Http { get; }

    public Uri Address { get; }

    /// <summary>Where HTTP/2 is served, if it is.</summary>
    public Uri Http2Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Last());

    public string Data { get; }

    /// <summary>The node's grains, for what HTTP does not offer.</summary>
    public IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    public static async Task<NodeHost> StartAsync(
        string? data = null, Action<NodeOptions>? configure = null, GrainCallCounter? calls = null, IIncomingGrainCallFilter? filter = null)
    {
        var directory = data ?? Directory.CreateTempSubdirectory("loire-webapi-").FullName;
        var options = new NodeOptions
        {
            Data = directory,
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            LogLevel = LogLevel.Warning,
            // A test knows its members, so a group need not wait for others.
            GroupInitialRebalanceDelay = TimeSpan.FromMilliseconds(50),
        };
        configure?.Invoke(options);
        var app = LoireHost.Build(options, builder =>
        {
            if (calls is not null)
            {
                builder.Services.AddSingleton<IOutgoingGrainCallFilter>(calls);
            }

            if (filter is not null)
            {
                builder.Services.AddSingleton(filter);
            }
        });
        await app.StartAsync();
        return new NodeHost(app, directory, ownsData: data is null);
    }

    /// <summary>Stops the node as SIGTERM does; the files stay.</summary>
    public async Task StopAsync()
    {
        if (!_stopped)
        {
            _stopped = true;
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await StopAsync();
        if (_ownsData)
        {
            Directory.Delete(Data, recursive: true);
        }
    }
}
