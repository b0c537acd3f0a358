using System.Net;
using System.Text;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.WebApi.Tests;

/// <summary>Request bodies with a Content-Encoding.</summary>
public sealed class CodedRequestTests
{
    private const string Json = "application/json";
    private const string Ndjson = "application/x-ndjson";
    private const string Records = "/v1/topics/t/records?partition=0";

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task Every_route_decodes_what_it_understands_plain(int route, string name)
    {
        var sent = BodyRoute.All[route];
        await using var plainHost = await BodyRoute.StartAsync();
        var plain = await sent.SendAsync(plainHost, sent.PlainType);
        foreach (var coding in Coding.All.Append("x-gzip").Append("GZIP"))
        {
            await using var host = await BodyRoute.StartAsync();
            var body = Coding.Encode(coding.ToLowerInvariant(), sent.Body);
            var answer = await sent.SendAsync(host, sent.PlainType, body, ("Content-Encoding", coding));
            Assert.True(plain.Status == answer.Status, $"{name} as {coding}: {(int)answer.Status} {answer.Text}");
            if (sent.TakesRecords)
            {
                Assert.Equal("v", (await host.GetAsync("/v1/topics/t/partitions/0/records", "application/octet-stream")).Text);
            }
        }
    }

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task Every_route_refuses_unsupported_codings_and_lists_those_it_takes(int route, string name)
    {
        await using var host = await BodyRoute.StartAsync();
        var sent = BodyRoute.All[route];
        foreach (var (coding, expected) in new[] { ("deflate", "deflate"), ("gzip, compress", "compress"), ("gzip, br, zstd", "at most 2"), (new string('x', 500), "xxx...") })
        {
            var answer = await sent.SendAsync(host, sent.PlainType, sent.Body, ("Content-Encoding", coding));
            Assert.True(answer.Status == HttpStatusCode.UnsupportedMediaType, $"{name} as {coding}: {(int)answer.Status} {answer.Text}");
            Assert.Equal("zstd, br, gzip", answer.Header("Accept-Encoding"));
            Assert.Contains(expected, answer.Text, StringComparison.Ordinal);
        }

        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task Every_route_bounds_the_decoded_length_as_a_plain_one(int route, string name)
    {
        await using var host = await BodyRoute.StartAsync(options =>
        {
            options.MaxDocumentBytes = 2_000;
            options.MaxJsonProduceBytes = 2_000;
        });
        var sent = BodyRoute.All[route];
        var fits = sent.Body.PadRight(2_000);
        foreach (var coding in Coding.All)
        {
            Assert.NotEqual(
                HttpStatusCode.RequestEntityTooLarge,
                (await sent.SendAsync(host, sent.PlainType, Coding.Encode(coding, fits), ("Content-Encoding", coding))).Status);
            var answer = await sent.SendAsync(host, sent.PlainType, Coding.Encode(coding, fits + " "), ("Content-Encoding", coding));
            Assert.True(answer.Status == HttpStatusCode.RequestEntityTooLarge, $"{name} as {coding}: {(int)answer.Status} {answer.Text}");
            Assert.Contains("2000 bytes", answer.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task A_body_cut_at_any_byte_is_refused_and_appends_nothing(string coding)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var body = Coding.Encode(coding, """{"records":[{"value":"some text that is some text"}]}""");
        for (var length = 1; length < body.Length; length++)
        {
            var answer = await host.SendAsync(HttpMethod.Post, Records, Json, body[..length], null, ("Content-Encoding", coding));
            Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{coding} cut at {length} of {body.Length}: {(int)answer.Status} {answer.Text}");
            Assert.Equal("INVALID_REQUEST", answer.Json.GetProperty("code").GetString());
            Assert.Contains(coding, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        foreach (var bad in new byte[][] { [.. body, 0], [.. body, .. "trailing"u8], [.. "no "u8, .. body] })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await host.SendAsync(HttpMethod.Post, Records, Json, bad, null, ("Content-Encoding", coding))).Status);
        }

        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
        Assert.Empty(host.Log.Lines);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/octet-stream")]
    [InlineData("application/vnd.loire.record-batches")]
    public async Task A_stream_of_any_type_is_decoded_and_its_damage_is_found(string type)
    {
        var source = type.EndsWith("batches", StringComparison.Ordinal) ? Batches.Of("a", "b") : "a\nb\n"u8.ToArray();
        foreach (var coding in Coding.All)
        {
            await using var host = await ApiHost.StartAsync();
            host.Cluster.AddTopic("t");
            var body = Coding.Encode(coding, source);
            Assert.Equal(HttpStatusCode.OK, (await host.SendAsync(HttpMethod.Post, Records, type, body, null, ("Content-Encoding", coding))).Status);
            var text = (await host.GetAsync("/v1/topics/t/partitions/0/records", "text/plain")).Text;
            Assert.Equal("a\nb", text.Trim());
            Assert.Equal(
                HttpStatusCode.BadRequest,
                (await host.SendAsync(HttpMethod.Post, Records, type, body[..^1], null, ("Content-Encoding", coding))).Status);
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task Lines_are_acknowledged_while_the_coded_upload_goes_on(string coding)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(Head(Ndjson, coding));
        using var target = new MemoryStream();
        await using var encoder = Coding.Encoder(coding, target);
        for (var i = 0; i < 5; i++)
        {
            encoder.Write(Encoding.UTF8.GetBytes($"{{\"value\":{i}}}\n"));
            encoder.Flush();
            await SendChunkAsync(connection, target);
            Assert.Contains($"\"first_offset\":{i},", await connection.ReadUntilAsync($"\"acknowledged\":{i + 1},"), StringComparison.Ordinal);
        }

        await connection.SendAsync("0\r\n\r\n");
        var end = await connection.ReadUntilAsync("\r\n0\r\n");
        Assert.Contains("\"type\":\"error\",\"status\":400,", end, StringComparison.Ordinal);
        Assert.Contains("\"records_accepted\":5,", end, StringComparison.Ordinal);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task Codings_are_undone_from_the_last_to_the_first_and_identity_is_none()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var line = "{\"value\":1}\n";
        var twice = Coding.Encode("br", Coding.Encode("gzip", line));
        var answers = new[]
        {
            await host.SendAsync(HttpMethod.Post, Records, Ndjson, twice, Json, ("Content-Encoding", "gzip, br")),
            await host.SendAsync(HttpMethod.Post, Records, Ndjson, twice, Json, ("Content-Encoding", "gzip"), ("Content-Encoding", "br")),
            await host.SendAsync(HttpMethod.Post, Records, Ndjson, Encoding.UTF8.GetBytes(line), Json, ("Content-Encoding", "identity")),
            await host.SendAsync(HttpMethod.Post, Records, Ndjson, [.. Coding.Encode("gzip", line), .. Coding.Encode("gzip", line)], Json, ("Content-Encoding", "gzip")),
            await host.SendAsync(HttpMethod.Post, Records, Ndjson, [.. Coding.Encode("zstd", line), .. Coding.Encode("zstd", line)], Json, ("Content-Encoding", "zstd")),
            await host.SendAsync(HttpMethod.Post, Records, Ndjson, [], Json, ("Content-Encoding", "gzip")),
        };
        Assert.Equal([1, 1, 1, 2, 2, 0], answers.Select(answer => answer.Json.GetProperty("records_accepted").GetInt32()));
        Assert.Equal(
            HttpStatusCode.BadRequest, (await host.SendAsync(HttpMethod.Post, Records, Ndjson, twice, Json, ("Content-Encoding", "br, gzip"))).Status);
    }

    [Fact]
    public async Task A_frame_with_a_window_beyond_8_MiB_is_refused()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        foreach (var (windowLog, status) in new[] { (23, HttpStatusCode.OK), (24, HttpStatusCode.BadRequest) })
        {
            using var target = new MemoryStream();
            using (var encoder = new ZstdSharp.CompressionStream(target, 3, leaveOpen: true))
            {
                encoder.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_windowLog, windowLog);
                encoder.Write("a\n"u8);
                encoder.Flush();
                encoder.Write("b\n"u8);
            }

            Assert.Equal(status, (await host.SendAsync(HttpMethod.Post, Records, "text/plain", target.ToArray(), null, ("Content-Encoding", "zstd"))).Status);
        }
    }

    [Fact]
    public async Task A_record_larger_than_the_topic_allows_is_refused_by_its_decoded_length()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", maxMessageBytes: 1_000);
        foreach (var type in new[] { "application/octet-stream", "text/plain", Ndjson, Json })
        {
            var text = type == Json ? $$"""{"records":[{"value":"{{new string('x', 10_000)}}"}]}""" : type == Ndjson ? $"{{\"value\":\"{new string('x', 10_000)}\"}}" : new string('x', 10_000);
            var answer = await host.SendAsync(HttpMethod.Post, Records, type, Coding.Encode("gzip", text), null, ("Content-Encoding", "gzip"));
            Assert.True(answer.Status == HttpStatusCode.RequestEntityTooLarge, $"{type}: {answer.Text}");
            Assert.Contains("1000", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Received_bytes_reset_the_idle_timeout_before_they_decode()
    {
        var time = new ManualTime();
        await using var host = await ApiHost.StartAsync(
            options => options.StreamIdleTimeout = TimeSpan.FromMinutes(10), services => services.AddSingleton<TimeProvider>(time));
        host.Cluster.AddTopic("t");
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(Head("text/plain", "gzip"));
        await WaitAsync(() => time.NextDue == time.GetUtcNow() + TimeSpan.FromMinutes(10));
        foreach (var part in Coding.Encode("gzip", new string('x', 100)).Chunk(8).SkipLast(1))
        {
            time.Advance(TimeSpan.FromMinutes(9));
            await connection.SendChunkAsync(part);
            await WaitAsync(() => time.NextDue == time.GetUtcNow() + TimeSpan.FromMinutes(10));
        }

        // The next read sets the timer once more, perhaps only after time has gone on.
        var answer = connection.ReadUntilAsync("}");
        while (!answer.IsCompleted)
        {
            time.Advance(TimeSpan.FromMinutes(10));
            await Task.WhenAny(answer, Task.Delay(20));
        }

        Assert.StartsWith("HTTP/1.1 408", await answer, StringComparison.Ordinal);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task A_coded_request_beyond_the_bound_is_refused_as_retriable()
    {
        await using var host = await ApiHost.StartAsync(options => options.MaxCodedBodies = 1);
        host.Cluster.AddTopic("t");
        using var first = await RawConnection.OpenAsync(host.Address);
        await first.SendAsync(Head(Ndjson, "gzip"));
        using var target = new MemoryStream();
        await using var encoder = Coding.Encoder("gzip", target);
        encoder.Write("{\"value\":1}\n"u8);
        encoder.Flush();
        await SendChunkAsync(first, target);
        await first.ReadUntilAsync("\"acknowledged\":1,");

        var refused = await host.SendAsync(HttpMethod.Post, Records, Ndjson, Coding.Encode("br", "{\"value\":2}"), Json, ("Content-Encoding", "br"));
        Assert.Equal((HttpStatusCode.TooManyRequests, "1"), (refused.Status, refused.Header("Retry-After")));
        Assert.True(refused.Json.GetProperty("retriable").GetBoolean());
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync(Records, Ndjson, "{\"value\":2}")).Status);

        encoder.Dispose();
        await SendChunkAsync(first, target);
        await first.SendAsync("0\r\n\r\n");
        await first.ReadUntilAsync("\"type\":\"done\"");
        Answered again;
        do
        {
            again = await host.SendAsync(HttpMethod.Post, Records, Ndjson, Coding.Encode("br", "{\"value\":3}"), Json, ("Content-Encoding", "br"));
        }
        while (again.Status == HttpStatusCode.TooManyRequests);
        Assert.Equal(HttpStatusCode.OK, again.Status);
    }

    private static string Head(string type, string coding) =>
        $"POST {Records} HTTP/1.1\r\nHost: h\r\nContent-Type: {type}\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static async Task SendChunkAsync(RawConnection connection, MemoryStream coded)
    {
        await connection.SendChunkAsync(coded.ToArray());
        coded.SetLength(0);
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Yield();
        }
    }
}
