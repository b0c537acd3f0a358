using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Loire.Cli.Tests;

/// <summary>Answers GET requests by their path and query with the documents that a test gives; what it does not know is 404.</summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Dictionary<string, string> _documents;
    private readonly Task _serving;

    public ScriptedNode(Dictionary<string, string> documents)
    {
        _documents = documents;
        _listener.Start();
        Url = new Uri($"http://{_listener.LocalEndpoint}");
        _serving = ServeAsync();
    }

    public Uri Url { get; }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _ending.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            using var connection = await _listener.AcceptTcpClientAsync(_ending.Token);
            using var reader = new StreamReader(connection.GetStream(), Encoding.ASCII, leaveOpen: true);
            var path = (await reader.ReadLineAsync(_ending.Token) ?? "").Split(' ').ElementAtOrDefault(1) ?? "";
            while (await reader.ReadLineAsync(_ending.Token) is { Length: > 0 })
            {
                // The headers say nothing that matters here.
            }

            var (status, body) = _documents.TryGetValue(path, out var document) ? ("200 OK", document) : ("404 Not Found", "");
            var length = Encoding.UTF8.GetByteCount(body);
            var headers = $"Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close";
            await connection.GetStream().WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\n{headers}\r\n\r\n{body}"), _ending.Token);
        }
    }
}
