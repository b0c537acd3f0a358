using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Loire.Cli.Tests;

/// <summary>Several addresses, some of which do not answer.</summary>
[Collection(nameof(WithNode))]
public sealed class SeveralServersTests(NodeFixture node)
{
    [Fact]
    public async Task Commands_go_on_with_the_next_server_if_one_refuses_connections()
    {
        var topic = node.NewTopicName();
        using var shell = new Shell();
        shell.Environment["LOIRE_SERVER"] = $"{Closed()}, {node.Url}";
        (await shell.RunAsync("topic", "create", topic)).AssertOk();
        (await shell.FeedAsync("a\nb\n", "produce", topic)).AssertOk();
        Assert.Equal("a\nb\n", (await shell.RunAsync("consume", topic, "-e")).AssertOk().Output);
        shell.Environment.Remove("LOIRE_SERVER");
        (await shell.RunAsync("topic", "list", "-b", $"{Closed()}", "-b", $"{Closed()},{node.Url}")).AssertOk();
        (await shell.RunAsync("context", "set", "both", $"{Closed()},{node.Url}")).AssertOk();
        (await shell.RunAsync("topic", "list")).AssertOk();
        var noted = await shell.RunAsync("topic", "list", "--verbose");
        Assert.Contains($"Continuing with {node.Url.GetLeftPart(UriPartial.Authority)}.", noted.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_of_all_servers_is_one_line()
    {
        using var shell = new Shell();
        (await shell.RunAsync("topic", "list", "-b", $"{Closed()},{Closed()}")).AssertFailed(1, "BROKER_NOT_AVAILABLE");
        (await shell.RunAsync("topic", "list", "-b", $"{node.Url},")).AssertFailed(2, "USAGE");
    }

    [Fact]
    public async Task Request_that_was_sent_is_repeated_only_if_it_reads()
    {
        var topic = node.NewTopicName();
        await using var server = new Forwarder(node.Url);
        using var shell = new Shell();
        shell.Environment["LOIRE_SERVER"] = $"{server.Url},{node.Url}";
        server.BreakAt("POST ");
        (await shell.RunAsync("topic", "create", topic)).AssertFailed(1, "NETWORK_EXCEPTION");
        (await shell.RunAsync("topic", "describe", topic)).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        server.BreakAt("GET ");
        (await shell.RunAsync("topic", "list")).AssertOk();
    }

    [Fact]
    public async Task Reader_goes_on_at_its_offset_with_the_next_server()
    {
        var topic = node.NewTopicName();
        await using var server = new Forwarder(node.Url);
        using var producer = new Shell(node.Url);
        (await producer.RunAsync("topic", "create", topic)).AssertOk();
        (await producer.FeedAsync("a\nb\n", "produce", topic)).AssertOk();
        using var shell = new Shell();
        server.BreakAt("?offset=2&");
        var read = shell.RunAsync("consume", topic, "-c", "4", "-b", $"{server.Url},{node.Url}");
        await server.Broken;
        (await producer.FeedAsync("c\nd\n", "produce", topic)).AssertOk();
        Assert.Equal("a\nb\nc\nd\n", (await read).AssertOk().Output);
    }

    private static Uri Closed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://{listener.LocalEndpoint}");
    }

    /// <summary>Passes connections on to a node, until a request comes that it is to break: that connection ends unanswered.</summary>
    private sealed class Forwarder : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _ending = new();
        private readonly Uri _node;
        private readonly Task _serving;
        private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile string _marker = "never";

        public Forwarder(Uri node)
        {
            _node = node;
            _listener.Start();
            Url = new Uri($"http://{_listener.LocalEndpoint}");
            _serving = ServeAsync();
        }

        public Uri Url { get; }

        /// <summary>Completes when a connection was broken.</summary>
        public Task Broken => _broken.Task;

        /// <summary>Breaks each connection whose request has this in it, from now on.</summary>
        public void BreakAt(string marker) => _marker = marker;

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
                _ = PassAsync(await _listener.AcceptTcpClientAsync(_ending.Token));
            }
        }

        private async Task PassAsync(TcpClient client)
        {
            using var ours = client;
            using var theirs = new TcpClient();
            await theirs.ConnectAsync(_node.Host, _node.Port, _ending.Token);
            _ = theirs.GetStream().CopyToAsync(client.GetStream(), _ending.Token);
            var buffer = new byte[65536];
            while (await client.GetStream().ReadAsync(buffer, _ending.Token) is > 0 and var count)
            {
                if (Encoding.Latin1.GetString(buffer, 0, count).Contains(_marker, StringComparison.Ordinal))
                {
                    _broken.TrySetResult();
                    return;
                }

                await theirs.GetStream().WriteAsync(buffer.AsMemory(0, count), _ending.Token);
            }
        }
    }
}
