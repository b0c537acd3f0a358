using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Loire.Cluster.Tests.Faults;

/// <summary>
/// A reverse proxy on a free port of the loopback address or another one, which passes requests on as they are, signed headers included, except for the faults that are set
/// at the moment. Faults may change while requests are under way: what they delay goes on then.
/// </summary>
internal sealed class HttpFaultProxy : IAsyncDisposable
{
    // They belong to one connection, or, as Host, are set for the other one.
    private static readonly HashSet<string> _ofConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Expect", "Host", "Keep-Alive", "Transfer-Encoding",
    };

    private readonly HttpMessageInvoker _server = new(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null });

    private readonly Lock _guard = new();
    private readonly Uri _target;
    private readonly WebApplication _app;
    private ProxyFaults _faults = ProxyFaults.None;
    private CancellationTokenSource _change = new();

    private HttpFaultProxy(Uri target, IPAddress listensOn)
    {
        _target = target;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(listensOn, 0);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>Where the proxy listens.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>What happens to requests from now on.</summary>
    public ProxyFaults Faults
    {
        get
        {
            lock (_guard)
            {
                return _faults;
            }
        }

        set
        {
            CancellationTokenSource before;
            lock (_guard)
            {
                (_faults, before) = (value, _change);
                _change = new CancellationTokenSource();
            }

            before.Cancel();
        }
    }

    /// <summary>Starts a proxy.</summary>
    /// <param name="target">The scheme, host and port of the server.</param>
    /// <param name="listensOn">The proxy's own address; null is the loopback address.</param>
    public static async Task<HttpFaultProxy> StartAsync(Uri target, IPAddress? listensOn = null)
    {
        var proxy = new HttpFaultProxy(target, listensOn ?? IPAddress.Loopback);
        await proxy._app.StartAsync();
        proxy.Url = new Uri(proxy._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        Faults = ProxyFaults.CutOff;
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _server.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        try
        {
            await DelayAsync(faults => faults.RequestDelay, context.RequestAborted);
            if (Faults.Refuses)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }

            if (Faults.LosesRequests)
            {
                context.Abort();
                return;
            }

            using var request = RequestOf(context);

            // A client that gives up while the answer is delayed does not keep the request from being carried out.
            using var response = await _server.SendAsync(request, CancellationToken.None);
            await DelayAsync(faults => faults.AnswerDelay, context.RequestAborted);
            if (Faults.LosesAnswers)
            {
                context.Abort();
                return;
            }

            await AnswerAsync(context, response);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            // Either side is gone.
            context.Abort();
        }
    }

    private async Task DelayAsync(Func<ProxyFaults, TimeSpan> delay, CancellationToken aborted)
    {
        TimeSpan duration;
        CancellationToken change;
        lock (_guard)
        {
            (duration, change) = (delay(_faults), _change.Token);
        }

        if (duration == TimeSpan.Zero)
        {
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(change, aborted);
        await Task.Delay(duration, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        aborted.ThrowIfCancellationRequested();
    }

    private HttpRequestMessage RequestOf(HttpContext context)
    {
        // As it came: the signature covers its escapes.
        var path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var uri = new Uri(_target.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), uri);
        if (context.Request.ContentLength is not null || context.Request.Headers.TransferEncoding.Count > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
        }

        foreach (var (name, values) in context.Request.Headers.Where(header => !_ofConnection.Contains(header.Key)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return request;
    }

    private static async Task AnswerAsync(HttpContext context, HttpResponseMessage response)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (!_ofConnection.Contains(name))
            {
                context.Response.Headers[name] = new StringValues([.. values]);
            }
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }
}
