using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Loire.TestKit.Processes;

/// <summary>
/// A reverse proxy on a free port of the loopback address or another one, which passes requests on as they are, signed headers included, except for the faults that are set
/// at the moment. Faults may change while requests are under way: what they delay goes on then.
/// </summary>
public sealed class HttpFaultProxy : IAsyncDisposable
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
    private readonly Dictionary<string, (Passed? Newest, Passed? Before)> _answers = [];
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

    /// <summary>The faults of a single request, called for one after the other; null for <see cref="Faults"/>.</summary>
    public Func<ProxiedRequest, ProxyFaults?>? Choose { get; set; }

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
            var own = OwnOf(context.Request);
            await DelayAsync(own, faults => faults.RequestDelay, context.RequestAborted);
            var faults = own ?? Faults;
            if (faults.Refuses || faults.Instead is not null)
            {
                Answer(context, faults.Instead ?? new ServiceError(StatusCodes.Status503ServiceUnavailable, "ServerBusy"));
                return;
            }

            if (faults.LosesRequests)
            {
                context.Abort();
                return;
            }

            using var request = RequestOf(context, faults.CutsRequests);

            // A client that gives up while the answer is delayed does not keep the request from being carried out.
            using var response = await _server.SendAsync(request, CancellationToken.None);
            await DelayAsync(own, faults => faults.AnswerDelay, context.RequestAborted);
            faults = own ?? Faults;
            if (faults.LosesAnswers)
            {
                context.Abort();
            }
            else if (faults.InsteadOfAnswer is { } error)
            {
                Answer(context, error);
            }
            else if (Choose is null)
            {
                await AnswerAsync(context, response);
            }
            else
            {
                await AnswerAsync(context, Remembered(context.Request, await Passed.OfAsync(response), faults.AnswersOld), faults);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            // Either side is gone.
            context.Abort();
        }
    }

    private ProxyFaults? OwnOf(HttpRequest request)
    {
        if (Choose is not { } choose)
        {
            return null;
        }

        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var seen = new ProxiedRequest(request.Method, Uri.UnescapeDataString(target), request.Headers.IfNoneMatch == "*");
        lock (_guard)
        {
            return choose(seen);
        }
    }

    private async Task DelayAsync(ProxyFaults? own, Func<ProxyFaults, TimeSpan> delay, CancellationToken aborted)
    {
        // Together: a delay that was read before a change would not end with it.
        TimeSpan duration;
        CancellationToken change;
        lock (_guard)
        {
            (duration, change) = (delay(own ?? _faults), _change.Token);
        }

        if (duration == TimeSpan.Zero)
        {
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(change, aborted);
        await Task.Delay(duration, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        aborted.ThrowIfCancellationRequested();
    }

    private HttpRequestMessage RequestOf(HttpContext context, bool isCut)
    {
        // As it came: the signature covers its escapes.
        var path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var uri = new Uri(_target.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), uri);
        if (context.Request.ContentLength is not null || context.Request.Headers.TransferEncoding.Count > 0)
        {
            request.Content = isCut ? new CutContent(context.Request.Body, context.Request.ContentLength ?? 0) : new StreamContent(context.Request.Body);
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

    private static void Answer(HttpContext context, ServiceError error)
    {
        context.Response.StatusCode = error.Status;
        context.Response.Headers["x-ms-error-code"] = error.Code;
    }

    /// <summary>The answer, or for a read the one before the object's last change; remembers it in either case.</summary>
    private Passed Remembered(HttpRequest request, Passed answer, bool isOld)
    {
        if (!HttpMethods.IsGet(request.Method))
        {
            return answer;
        }

        lock (_guard)
        {
            var (newest, before) = _answers.GetValueOrDefault(request.Path.Value!);
            if (newest is null || newest.ETag != answer.ETag)
            {
                _answers[request.Path.Value!] = (newest, before) = (answer, newest);
            }

            return isOld && before is not null ? before : answer;
        }
    }

    private static async Task AnswerAsync(HttpContext context, Passed answer, ProxyFaults faults)
    {
        var body = answer.Body.Length > 0 && answer.Status < 300 && faults.ChangesAnswer is { } change ? change(answer.Body) : answer.Body;
        context.Response.StatusCode = answer.Status;
        foreach (var (name, values) in answer.Headers)
        {
            context.Response.Headers[name] = values;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(faults.CutsAnswers ? body.AsMemory(0, body.Length / 2) : body, context.RequestAborted);
        if (faults.CutsAnswers)
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        }
    }

    private static async Task AnswerAsync(HttpContext context, HttpResponseMessage response)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in HeadersOf(response))
        {
            context.Response.Headers[name] = values;
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }

    private static IEnumerable<KeyValuePair<string, StringValues>> HeadersOf(HttpResponseMessage response) =>
        from header in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
        where !_ofConnection.Contains(header.Key)
        select KeyValuePair.Create(header.Key, new StringValues([.. header.Value]));

    /// <summary>An answer of the server.</summary>
    private sealed record Passed(int Status, KeyValuePair<string, StringValues>[] Headers, byte[] Body, string? ETag)
    {
        public static async Task<Passed> OfAsync(HttpResponseMessage response) => new(
            (int)response.StatusCode, [.. HeadersOf(response)], await response.Content.ReadAsByteArrayAsync(), response.Headers.ETag?.Tag);
    }

    /// <summary>Half of a body, and then nothing more, although its length was announced.</summary>
    private sealed class CutContent(Stream body, long length) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var half = new byte[length / 2];
            await body.ReadExactlyAsync(half);
            await stream.WriteAsync(half);
            await stream.FlushAsync();
            throw new IOException("The connection was cut.");
        }

        protected override bool TryComputeLength(out long announced)
        {
            announced = length;
            return true;
        }
    }
}
