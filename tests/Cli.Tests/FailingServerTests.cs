using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Loire.Cli.Tests;

/// <summary>What listens at the address is no node, or not any more.</summary>
public sealed class FailingServerTests
{
    [Fact]
    public async Task A_refused_connection_is_one_line_with_a_hint()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        using var shell = new Shell(AddressOf(closed));
        closed.Stop();
        var outcome = await shell.RunAsync("topic", "list");
        outcome.AssertFailed(1, "BROKER_NOT_AVAILABLE");
        Assert.Contains("Hint: ", outcome.Error, StringComparison.Ordinal);
        (await shell.FeedAsync("a\n", "produce", "t")).AssertFailed(1, "BROKER_NOT_AVAILABLE");
        (await shell.RunAsync("consume", "t")).AssertFailed(1, "BROKER_NOT_AVAILABLE");
    }

    [Fact]
    public async Task A_server_that_never_answers_is_a_timeout()
    {
        await using var server = new CannedServer(null);
        using var shell = new Shell(server.Url);
        (await shell.RunAsync("topic", "list", "--timeout", "0.2")).AssertFailed(4, "REQUEST_TIMED_OUT");
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 3, "RESOURCE_NOT_FOUND")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", 1, "UNKNOWN_SERVER_ERROR")]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Type: application/problem+json\r\nContent-Length: 1\r\n\r\n{", 1, "UNKNOWN_SERVER_ERROR")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://elsewhere\r\nContent-Length: 0\r\n\r\n", 1, "UNKNOWN_SERVER_ERROR")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[", 1, "NETWORK_EXCEPTION")]
    [InlineData("garbage\r\n\r\n", 1, "NETWORK_EXCEPTION")]
    [InlineData("", 1, "NETWORK_EXCEPTION")]
    public async Task Any_response_ends_in_one_line(string answer, int exit, string name)
    {
        await using var server = new CannedServer(answer);
        using var shell = new Shell(server.Url);
        (await shell.RunAsync("topic", "list")).AssertFailed(exit, name);
    }

    [Fact]
    public async Task A_server_cannot_send_control_sequences_to_the_terminal()
    {
        const string Body = """{"error_code":3,"detail":"a\u001b[2J\nb"}""";
        await using var server = new CannedServer(
            $"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
        using var shell = new Shell(server.Url);
        var outcome = await shell.RunAsync("topic", "list");
        outcome.AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        Assert.DoesNotContain('\e', outcome.Error);
    }

    private static Uri AddressOf(TcpListener listener) => new($"http://{listener.LocalEndpoint}");

    /// <summary>Answers every connection with the same bytes and closes it; with null it says nothing.</summary>
    private sealed class CannedServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _ending = new();
        private readonly Task _serving;

        public CannedServer(string? answer)
        {
            _listener.Start();
            Url = AddressOf(_listener);
            _serving = ServeAsync(answer);
        }

        public Uri Url { get; }

        public async ValueTask DisposeAsync()
        {
            await _ending.CancelAsync();
            await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _listener.Dispose();
            _ending.Dispose();
        }

        private async Task ServeAsync(string? answer)
        {
            while (true)
            {
                using var connection = await _listener.AcceptTcpClientAsync(_ending.Token);
                await connection.GetStream().ReadAtLeastAsync(new byte[4096], 1, cancellationToken: _ending.Token);
                if (answer is null)
                {
                    await Task.Delay(Timeout.Infinite, _ending.Token);
                }

                await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer!), _ending.Token);
            }
        }
    }
}
