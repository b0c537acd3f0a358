using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Loire.Cli.Failures;

namespace Loire.Cli.Node;

/// <summary>
/// The HTTP API of one node of several, any of which answers for all. A request that cannot be sent goes to the next of them, as does one whose
/// answer did not come if it only reads; the node that answered is asked first from then on. Every failure is a <see cref="NodeException"/>; nothing
/// is sent to a node twice here.
/// </summary>
internal sealed class NodeClient : IDisposable
{
    public const string Batches = "application/vnd.loire.record-batches";

    private const int MaxProblemBytes = 64 * 1024;

    // A machine that is down does not even refuse connections.
    private static readonly TimeSpan ConnectTimeoutBesideOthers = TimeSpan.FromSeconds(3);

    private readonly HttpClient _http;
    private readonly IReadOnlyList<Uri> _servers;
    private readonly TimeProvider _time;
    private readonly Action<string> _note;
    private readonly TimeSpan _connectTimeout;
    private int _current;

    /// <param name="servers">The nodes' addresses, at least one.</param>
    /// <param name="timeout">How long one request may take beyond the wait that it requests.</param>
    /// <param name="time">The clock.</param>
    /// <param name="note">Says when another node is asked than before.</param>
    public NodeClient(IReadOnlyList<Uri> servers, TimeSpan timeout, TimeProvider time, Action<string> note)
    {
        (_servers, _time, _note, Timeout) = (servers, time, note, timeout);
        _connectTimeout = servers.Count > 1 && timeout > ConnectTimeoutBesideOthers ? ConnectTimeoutBesideOthers : timeout;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = _connectTimeout,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
        };
        _http = new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <summary>How long one request may take beyond the wait that it requests.</summary>
    public TimeSpan Timeout { get; }

    public static string TopicPath(string topic) => $"v1/topics/{Uri.EscapeDataString(topic)}";

    public static string GroupPath(string group) => $"v1/groups/{Uri.EscapeDataString(group)}";

    /// <summary>Gets a document.</summary>
    public async Task<JsonNode?> GetAsync(string path, CancellationToken cancellation) =>
        (await SendAsync(HttpMethod.Get, path, null, cancellation)).Document;

    /// <summary>Sends a request with an optional document, and reads the response, if it has one.</summary>
    public Task<JsonAnswer> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation) =>
        GuardAsync(
            async (server, timed) =>
            {
                using var request = new HttpRequestMessage(method, new Uri(server, path));
                if (body is not null)
                {
                    request.Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json", "utf-8"));
                }

                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timed);
                await ThrowIfRefusedAsync(response, timed);
                if (response.StatusCode == HttpStatusCode.NoContent)
                {
                    return new JsonAnswer(null, null);
                }

                await using var stream = await response.Content.ReadAsStreamAsync(timed);
                return new JsonAnswer(await JsonNode.ParseAsync(stream, cancellationToken: timed), NextLink(response));
            },
            Timeout,
            onlyReads: method == HttpMethod.Get,
            cancellation);

    /// <summary>Appends record batches to one partition.</summary>
    public Task ProduceAsync(string topic, int partition, ReadOnlyMemory<byte> batches, string acks, CancellationToken cancellation) =>
        GuardAsync(
        async (server, timed) =>
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri(server, $"{TopicPath(topic)}/records?partition={partition}&acks={acks}"));
            request.Content = new ReadOnlyMemoryContent(batches);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(Batches);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, timed);
            await ThrowIfRefusedAsync(response, timed);
            return true;
        },
        Timeout,
        onlyReads: false,
        cancellation);

    /// <summary>Fetches whole record batches.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The first requested offset; the first batch may begin before it.</param>
    /// <param name="maxBytes">The most bytes, unless the first batch alone is larger.</param>
    /// <param name="maxWait">How long the node waits for records if there are none.</param>
    /// <param name="budget">Acquired before a body is read, and released when the page is disposed: bounds the memory of many
    /// partitions.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public Task<FetchedPage> FetchAsync(
        string topic, int partition, long offset, int maxBytes, TimeSpan maxWait, SemaphoreSlim budget, CancellationToken cancellation) =>
            GuardAsync(
        async (server, timed) =>
        {
            var query = $"offset={offset}&max_bytes={maxBytes}&max_wait_ms={(long)maxWait.TotalMilliseconds}";
            var path = $"{TopicPath(topic)}/partitions/{partition}/records?{query}";
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, path));
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(Batches));
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timed);
            await ThrowIfRefusedAsync(response, timed);
            if (!FetchedPage.TryReadPositions(response, out var next, out var highWatermark))
            {
                throw NodeException.FromAnswer((int)response.StatusCode, null);
            }

            // Waiting for the budget may take long: it ends when the reader of the output has consumed a page.
            await budget.WaitAsync(cancellation);
            try
            {
                using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                reading.CancelAfter(Timeout);
                return await FetchedPage.ReadAsync(response, partition, offset, next, highWatermark, budget, reading.Token);
            }
            catch
            {
                budget.Release();
                throw;
            }
        },
        maxWait + Timeout,
        onlyReads: true,
        cancellation);

    /// <summary>Fetches records as a member of a group: lines of JSON, and their receipt.</summary>
    /// <param name="path">The member's records with the query.</param>
    /// <param name="maxWait">How long the node waits for records if there are none.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public Task<(byte[] Lines, string Receipt)> TakeAsync(string path, TimeSpan maxWait, CancellationToken cancellation) => GuardAsync(
        async (server, timed) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, path));
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timed);
            await ThrowIfRefusedAsync(response, timed);
            var receipt = response.Headers.TryGetValues("Next-After", out var values) ? values.FirstOrDefault() : null;
            return receipt is null
                ? throw NodeException.FromAnswer((int)response.StatusCode, null)
                : (await response.Content.ReadAsByteArrayAsync(timed), receipt);
        },
        maxWait + Timeout,
        onlyReads: true,
        cancellation);

    public void Dispose() => _http.Dispose();

    private async Task<T> GuardAsync<T>(
        Func<Uri, CancellationToken, Task<T>> call, TimeSpan timeout, bool onlyReads, CancellationToken cancellation)
    {
        for (var tried = 1; ; tried++)
        {
            var at = Volatile.Read(ref _current);
            try
            {
                return await GuardAsync(timed => call(_servers[at], timed), _servers[at], timeout, cancellation);
            }
            catch (NodeException failure) when (_servers.Count > 1 && IsUnanswered(failure, onlyReads))
            {
                // Another request may have found it out before.
                var next = (at + 1) % _servers.Count;
                if (Interlocked.CompareExchange(ref _current, next, at) == at)
                {
                    _note($"{failure.Message} Continuing with {_servers[next].GetLeftPart(UriPartial.Authority)}.");
                }

                if (tried == _servers.Count)
                {
                    throw;
                }
            }
        }
    }

    // An answer, even a refusal, is that of the cluster.
    private static bool IsUnanswered(NodeException failure, bool onlyReads) =>
        failure.IsUnreachable || (onlyReads && failure.IsUnanswered);

    private async Task<T> GuardAsync<T>(Func<CancellationToken, Task<T>> call, Uri server, TimeSpan timeout, CancellationToken cancellation)
    {
        using var expiry = new CancellationTokenSource(timeout, _time);
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellation, expiry.Token);
        try
        {
            return await call(timed.Token);
        }
        catch (OperationCanceledException late) when (late.InnerException is TimeoutException && !timed.IsCancellationRequested)
        {
            throw NodeException.Unreachable(server, $"no connection within {_connectTimeout.TotalSeconds:0.###} s");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw NodeException.TimedOut(timeout);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError
            is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError)
        {
            throw NodeException.Unreachable(server, Innermost(exception));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw NodeException.Broken(Innermost(exception));
        }
        catch (JsonException)
        {
            throw NodeException.FromAnswer(200, null);
        }
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        JsonObject? problem = null;
        if (response.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json")
        {
            try
            {
                await response.Content.LoadIntoBufferAsync(MaxProblemBytes, cancellation);
                await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
                problem = await JsonNode.ParseAsync(stream, cancellationToken: cancellation) as JsonObject;
            }
            catch (Exception exception) when (exception is JsonException or HttpRequestException)
            {
                // Only the status can be reported.
            }
        }

        throw NodeException.FromAnswer((int)response.StatusCode, problem);
    }

    private static string? NextLink(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Link", out var links))
        {
            return null;
        }

        var link = links.FirstOrDefault(link => link.Contains("rel=\"next\"", StringComparison.Ordinal));
        var end = link?.IndexOf('>', StringComparison.Ordinal) ?? -1;
        return link is not null && link.StartsWith('<') && end > 1 ? link[1..end] : null;
    }

    private static string Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception.Message.TrimEnd('.', ' ');
    }
}

/// <summary>A document and the link to its next page, if there is one.</summary>
internal readonly record struct JsonAnswer(JsonNode? Document, string? Next);
