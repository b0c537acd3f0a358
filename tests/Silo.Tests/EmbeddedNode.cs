using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Silo.Tests;

/// <summary>A whole node in this process, on a free port, with a directory of its own.</summary>
internal sealed class EmbeddedNode : IAsyncDisposable
{
    private readonly TemporaryDirectory _data;
    private readonly WebApplication _app;
    private bool _isStopped;

    private EmbeddedNode(TemporaryDirectory data, WebApplication app)
    {
        (_data, _app) = (data, app);
        Client = new HttpClient
        {
            BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()),
        };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<EmbeddedNode> StartAsync(Action<NodeOptions>? configure = null, Action<WebApplicationBuilder>? configureBuilder = null)
    {
        var data = new TemporaryDirectory();
        var options = new NodeOptions { Data = data.Path, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], LogLevel = LogLevel.Warning };
        configure?.Invoke(options);
        var app = LoireHost.Build(options, configureBuilder);
        await app.StartAsync();
        return new EmbeddedNode(data, app);
    }

    public async Task<string> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/json", string? traceParent = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        if (traceParent is not null)
        {
            request.Headers.Add("traceparent", traceParent);
        }

        using var response = await Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {response.StatusCode} {text}");
        return text;
    }

    /// <summary>Stops the node: requests have ended, and telemetry is flushed.</summary>
    public async Task StopAsync()
    {
        if (!_isStopped)
        {
            _isStopped = true;
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await StopAsync();
        _data.Dispose();
    }
}
