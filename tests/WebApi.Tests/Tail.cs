using System.Net;
using System.Net.ServerSentEvents;

namespace Loire.WebApi.Tests;

/// <summary>Reads server-sent events, as a browser's EventSource does.</summary>
internal sealed class Tail : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly SseParser<string> _parser;
    private readonly IAsyncEnumerator<SseItem<string>> _events;
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(20));

    private Tail(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _parser = SseParser.Create(body);
        _events = _parser.EnumerateAsync(_timeout.Token).GetAsyncEnumerator();
    }

    public string LastEventId => _parser.LastEventId;

    public static async Task<Tail> OpenAsync(IServed host, string path, string? lastEventId = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return new Tail(response, await response.Content.ReadAsStreamAsync());
    }

    public async Task<SseItem<string>> NextAsync()
    {
        Assert.True(await _events.MoveNextAsync(), "The tail has ended.");
        return _events.Current;
    }

    public async Task<bool> EndsAsync() => !await _events.MoveNextAsync();

    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        _timeout.Dispose();
        _response.Dispose();
    }
}
