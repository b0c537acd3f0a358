using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Loire.WebApi.Tests;

/// <summary>HTTP/2 without TLS, on a port of its own.</summary>
public sealed class Http2Tests
{
    private const string Json = "application/json";

    [Fact]
    public async Task One_connection_carries_a_tail_an_upload_and_requests_at_once()
    {
        await using var node = await StartAsync();
        using var http = Client(node);
        Assert.Equal(HttpStatusCode.Created, (await http.PostAsync("/v1/topics", Content(Json, """{"topic_name":"t","partitions_count":1}"""))).StatusCode);

        using var tail = await http.SendAsync(TailRequest(), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpVersion.Version20, tail.Version);
        using var events = new StreamReader(await tail.Content.ReadAsStreamAsync());
        await ReadUntilAsync(events, "heartbeat");

        var source = new PushContent("application/x-ndjson");
        using var upload = new HttpRequestMessage(HttpMethod.Post, "/v1/topics/t/records")
        {
            Content = source,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var answering = http.SendAsync(upload, HttpCompletionOption.ResponseHeadersRead);
        var body = await source.Body;
        StreamReader? acks = null;
        for (var i = 0; i < 3; i++)
        {
            await body.WriteAsync(Encoding.UTF8.GetBytes($"{{\"value\":\"record {i}\"}}\n"));
            await body.FlushAsync();
            acks ??= new StreamReader(await (await answering).Content.ReadAsStreamAsync());
            await ReadUntilAsync(acks, $"\"acknowledged\":{i + 1},");
            await ReadUntilAsync(events, $"record {i}");
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/v1/topics/t")).StatusCode);
        }

        source.End();
        await ReadUntilAsync(acks!, "\"type\":\"done\"");
        acks!.Dispose();
    }

    [Fact]
    public async Task A_broken_body_ends_its_request_and_not_the_connection()
    {
        await using var node = await StartAsync();
        using var http = Client(node);
        await http.PostAsync("/v1/topics", Content(Json, """{"topic_name":"t"}"""));
        using var tail = await http.SendAsync(TailRequest(), HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await tail.Content.ReadAsStreamAsync());
        await ReadUntilAsync(events, "heartbeat");
        var cut = new ByteArrayContent([0x1f, 0x8b]);
        cut.Headers.ContentType = new MediaTypeHeaderValue(Json);
        cut.Headers.ContentEncoding.Add("gzip");
        Assert.Equal(HttpStatusCode.BadRequest, (await http.PostAsync("/v1/topics/t/records", cut)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsync("/v1/topics/t/records", Content("text/plain", "still here\n"))).StatusCode);
        await ReadUntilAsync(events, "still here");
    }

    [Fact]
    public async Task The_other_port_stays_with_HTTP_1_1()
    {
        await using var node = await StartAsync();
        Assert.Equal(HttpVersion.Version11, (await node.Http.GetAsync("/healthz")).Version);
        using var connection = await RawConnection.OpenAsync(node.Http2Address);
        await connection.SendAsync("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
        Assert.DoesNotContain("200", await connection.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private static Task<NodeHost> StartAsync() =>
        NodeHost.StartAsync(configure: options => options.Http2Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)]);

    private static HttpClient Client(NodeHost node) => new(new SocketsHttpHandler { EnableMultipleHttp2Connections = false })
    {
        BaseAddress = node.Http2Address,
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static HttpRequestMessage TailRequest()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v1/topics/t/records") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        return request;
    }

    private static StringContent Content(string type, string text) => new(text, Encoding.UTF8, type);

    private static async Task ReadUntilAsync(StreamReader lines, string text)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        string? line;
        do
        {
            line = await lines.ReadLineAsync(timeout.Token);
            Assert.NotNull(line);
        }
        while (!line.Contains(text, StringComparison.Ordinal));
    }

    /// <summary>A body that the test writes while the request is under way.</summary>
    private sealed class PushContent : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _body = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PushContent(string type) => Headers.ContentType = new MediaTypeHeaderValue(type);

        public Task<Stream> Body => _body.Task;

        public void End() => _end.SetResult();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            _body.SetResult(stream);
            return _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
