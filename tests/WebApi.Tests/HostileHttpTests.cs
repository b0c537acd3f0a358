using System.Net;
using System.Text;

namespace Loire.WebApi.Tests;

/// <summary>
/// Requests that no honest client sends. The same oracle for each: an error with a type or a closed connection, nothing appended, nothing logged as our
/// failure, and the next honest request works.
/// </summary>
public sealed class HostileHttpTests
{
    private const string Produce = "POST /v1/topics/t/records HTTP/1.1\r\nHost: h\r\n";
    private const string Json = Produce + "Content-Type: application/json\r\n";

    public static TheoryData<string, string, string> Requests() => new()
    {
        // Body lengths that lie.
        { "negative Content-Length", Json + "Content-Length: -1\r\n\r\n{}", "400" },
        { "Content-Length beyond 64 bits", Json + "Content-Length: 99999999999999999999\r\n\r\n{}", "400" },
        { "Content-Length that is no number", Json + "Content-Length: ten\r\n\r\n{}", "400" },
        { "Content-Length with a sign", Json + "Content-Length: +2\r\n\r\n{}", "400" },
        { "two different Content-Lengths", Json + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", "400" },
        { "Content-Length too short for the document", Json + "Content-Length: 10\r\n\r\n{\"records\":[{\"value\":1}]}", "400" },
        { "Content-Length larger than the bound", Json + "Content-Length: 9000000\r\n\r\n{", "413" },
        { "the document ends before its Content-Length", Json + "Content-Length: 1000\r\n\r\n{\"records\":[{\"value\":1}]}", "400 closed" },
        { "neither length nor chunks", Json + "\r\n", "400" },

        // Where one body ends and the next request begins.
        { "chunks and Content-Length", Json + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "400" },
        { "chunked is not the last encoding", Json + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "400 501" },
        { "an unknown encoding", Json + "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", "400 501" },
        { "chunked twice", Json + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400 501" },
        { "a lone LF in a chunk extension", Json + "Transfer-Encoding: chunked\r\n\r\n2;a\n{}\r\n0\r\n\r\n", "400 closed" },
        { "a chunk size that is no number", Json + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n", "400 closed" },
        { "a chunk size beyond 32 bits", Json + "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n{}\r\n0\r\n\r\n", "400 413 closed" },
        { "a chunk longer than it says", Json + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}}}\r\n0\r\n\r\n", "400 closed" },
        { "chunks that stop", Produce + "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "closed 400" },
        { "an extension without an end", Json + "Transfer-Encoding: chunked\r\n\r\n2;" + new string('x', 20_000), "400 closed" },

        // Headers.
        { "bare CR", Json + "X: a\rb\r\nContent-Length: 2\r\n\r\n{}", "400" },
        { "folded header", Json + "X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", "400" },
        { "NUL in a header", Json + "X: a\0b\r\nContent-Length: 2\r\n\r\n{}", "400" },
        { "space before the colon", Json + "X : a\r\nContent-Length: 2\r\n\r\n{}", "400" },
        { "header without a name", Json + ": a\r\nContent-Length: 2\r\n\r\n{}", "400" },
        { "two Hosts", Json + "Host: other\r\nContent-Length: 2\r\n\r\n{}", "400" },
        { "no Host", "GET /v1/topics HTTP/1.1\r\n\r\n", "400" },
        { "a Host that is none", "GET /v1/topics HTTP/1.1\r\nHost: a b\r\n\r\n", "400" },
        { "an absolute URI for another Host", "GET http://other/v1/topics HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
        { "101 headers", Json + string.Concat(Enumerable.Range(0, 101).Select(i => $"X{i}: a\r\n")) + "Content-Length: 2\r\n\r\n{}", "431" },
        { "a header of 40 KB", Json + "X: " + new string('x', 40_000) + "\r\n\r\n", "431" },
        { "a request line of 10 KB", "GET /v1/topics?after=" + new string('x', 10_000) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414" },
        { "100,000 query parameters", "GET /v1/topics?" + string.Concat(Enumerable.Range(0, 100_000).Select(i => $"a{i}&")) + " HTTP/1.1\r\nHost: h\r\n\r\n", "414" },
        { "1,500 query parameters", "GET /v1/topics?" + string.Concat(Enumerable.Range(0, 1_500).Select(i => $"{i:x}&")) + " HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
        { "not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + new string('\0', 100), "400 closed" },
        { "HTTP/2 without being asked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 505 closed" },
        { "HTTP/9.9", "GET /v1/topics HTTP/9.9\r\nHost: h\r\n\r\n", "505 400" },
        { "a method that is none", "G\0T /v1/topics HTTP/1.1\r\nHost: h\r\n\r\n", "400" },

        // Contents.
        { "cut gzip", Json + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", "400" },
        { "no br", Produce + "Content-Type: text/plain\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nab", "400" },
        { "nested codings", Produce + "Content-Encoding: gzip, gzip\r\nContent-Length: 2\r\n\r\nab", "400" },
        { "a thousand codings", Produce + "Content-Encoding: " + Repeat("gzip,", 1000) + "gzip\r\nContent-Length: 2\r\n\r\nab", "415" },
        { "compress", Produce + "Content-Encoding: compress\r\nContent-Length: 2\r\n\r\nab", "415" },
        { "a topic with JSON in another type", "POST /v1/topics HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n\r\n{\"topic_name\":\"a\"}", "415" },
        { "a topic without a type", "POST /v1/topics HTTP/1.1\r\nHost: h\r\nContent-Length: 18\r\n\r\n{\"topic_name\":\"a\"}", "415" },
        { "a topic document over its bound", "POST /v1/topics HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n{", "413" },
        { "100 MB in chunks to a document", Json + "Transfer-Encoding: chunked\r\n\r\n" + Repeat("100000\r\n" + new string(' ', 0x100000) + "\r\n", 12), "413 closed" },

        // Methods and paths.
        { "a method override", "POST /v1/topics/t HTTP/1.1\r\nHost: h\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n", "405" },
        { "CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", "400 404 405" },
        { "OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "404 405" },
        { "a double slash", "GET //v1/topics HTTP/1.1\r\nHost: h\r\n\r\n", "404 400" },
        { "a matrix parameter", "GET /v1/topics;x HTTP/1.1\r\nHost: h\r\n\r\n", "404" },
        { "a NUL in the path", "GET /v1/topics/%00 HTTP/1.1\r\nHost: h\r\n\r\n", "400" },
        { "a climb out of the path", "GET /v1/topics/../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", "404" },
        { "an encoded climb", "GET /v1/topics/%2e%2e%2f%2e%2e HTTP/1.1\r\nHost: h\r\n\r\n", "400 404" },
        { "broken UTF-8 in the path", "GET /v1/topics/%ff%fe HTTP/1.1\r\nHost: h\r\n\r\n", "400 404" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_hostile_request_is_refused_and_leaves_no_trace(string name, string request, string expected)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        string answer;
        using (var connection = await RawConnection.OpenAsync(host.Address))
        {
            await connection.SendAsync(request);
            if (expected.Contains("closed", StringComparison.Ordinal))
            {
                connection.ShutdownSend();
                answer = await connection.ReadToEndAsync();
            }
            else
            {
                answer = await connection.ReadUntilAsync("\r\n\r\n");
            }
        }

        // To HTTP/2 Kestrel answers in HTTP/2 that it does not speak it.
        var status = answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? answer.Split(' ')[1] : "closed";
        Assert.True(expected.Split(' ').Contains(status), $"{name}: {answer}{string.Concat(host.Log.Lines)}");
        // What was smuggled behind the request must not have been answered as one.
        Assert.True(answer.Split("HTTP/1.1 ").Length <= 3, answer);
        Assert.DoesNotContain("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Access-Control", answer, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" at Loire.", answer, StringComparison.Ordinal);
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
        Assert.Empty(host.Log.Lines);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/topics/t/records", "text/plain", "a\n")).Status);
    }

    [Fact]
    public async Task The_answer_to_a_body_that_breaks_off_is_the_last_of_its_connection()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        foreach (var type in new[] { "application/json", "application/x-ndjson" })
        {
            // Again and again, because the server raced with itself over what follows such a request.
            for (var i = 0; i < 200; i++)
            {
                using var connection = await RawConnection.OpenAsync(host.Address);
                await connection.SendAsync(Produce + $"Content-Type: {type}\r\nContent-Length: 1000\r\n\r\n{{\"records\":[{{\"value\":1}}]}}");
                connection.ShutdownSend();
                var answer = await connection.ReadToEndAsync();

                // A streaming answer has begun before the body breaks off.
                var isLast = answer.Contains("\r\nConnection: close\r\n", StringComparison.Ordinal);
                Assert.True(isLast || answer.Length == 0 || type != "application/json", answer);
            }
        }

        Assert.Empty(host.Log.Lines);
    }

    [Theory]
    [InlineData(".", "a dot")]
    [InlineData("a/b", "a slash")]
    [InlineData("a\\b", "a backslash")]
    [InlineData("a b", "a space")]
    [InlineData("a\0", "a NUL")]
    [InlineData("../x", "a climb")]
    [InlineData("%2e%2e", "an encoding")]
    [InlineData("\ud83d\ude00", "an emoji")]
    [InlineData("\u202eabc", "a change of direction")]
    [InlineData("e\u0301", "a combining accent")]
    [InlineData("\u00e9", "a letter beyond ASCII")]
    [InlineData("\uff41", "a wide letter")]
    [InlineData("a:b", "a colon")]
    public async Task A_name_that_is_not_legal_reaches_no_grain(string topic, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        foreach (var name in new[] { topic, topic + new string('a', 250) })
        {
            var created = await host.PostAsync("/v1/topics", "application/json", System.Text.Json.JsonSerializer.Serialize(new { topic_name = name }));
            Assert.True(created.Status == HttpStatusCode.BadRequest, reason);
            Assert.Equal("INVALID_TOPIC_EXCEPTION", created.Json.GetProperty("code").GetString());
            if (topic != ".")
            {
                var described = await host.GetAsync("/v1/topics/" + Uri.EscapeDataString(name));
                Assert.True(described.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, reason);
            }
        }
    }

    [Theory]
    [InlineData("""{"topic_name":null}""", "topic_name")]
    [InlineData("{}", "topic_name")]
    [InlineData("""{"topic_name":5}""", "topic_name")]
    [InlineData("""{"topic_name":"a","partitions":3}""", "partitions")]
    [InlineData("""{"topic_name":"a","topic_name":"b"}""", "topic_name")]
    [InlineData("""{"topic_name":"a","partitions_count":"3"}""", "partitions_count")]
    [InlineData("""{"topic_name":"a","partitions_count":2147483648}""", "partitions_count")]
    [InlineData("""{"topic_name":"a","replication_factor":1.5}""", "replication_factor")]
    [InlineData("""{"topic_name":"a","configs":[{"name":"x"}]}""", "configs")]
    [InlineData("""{"topic_name":"a","configs":[null]}""", "")]
    [InlineData("""{"topic_name":"a","configs":{}}""", "configs")]
    [InlineData("""{"topic_name":"a","validate_only":"yes"}""", "validate_only")]
    [InlineData("""{"topic_name":"a"} {}""", "")]
    [InlineData("""{"topic_name":"a",}""", "")]
    [InlineData("""{"topic_name":"a" /* x */}""", "")]
    [InlineData("""{"topic_name":"a","$type":"x"}""", "type")]
    [InlineData("null", "")]
    [InlineData("[]", "")]
    [InlineData("", "")]
    [InlineData("{\"topic_name\":\"\ufffd", "")]
    public async Task A_document_that_is_not_right_is_refused_with_its_place_and_without_our_types(string body, string expected)
    {
        await using var host = await ApiHost.StartAsync();
        var answer = await host.PostAsync("/v1/topics", "application/json", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        var detail = answer.Json.GetProperty("detail").GetString()!;
        Assert.Contains(expected, detail, StringComparison.Ordinal);
        Assert.DoesNotContain("Loire", detail, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", detail, StringComparison.Ordinal);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task Headers_that_trickle_are_not_waited_for()
    {
        await using var host = await ApiHost.StartAsync(options => options.HeadersTimeout = TimeSpan.FromMilliseconds(300));
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync("GET /v1/topics HTTP/1.1\r\nHo");
        var answer = await connection.ReadToEndAsync();
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), answer);
    }

    [Fact]
    public async Task A_document_that_stalls_is_not_waited_for()
    {
        await using var host = await ApiHost.StartAsync(options => options.StreamIdleTimeout = TimeSpan.FromMilliseconds(300));
        host.Cluster.AddTopic("t");
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(Json + "Content-Length: 1000\r\n\r\n{\"rec");
        var answer = await connection.ReadToEndAsync(30);
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), answer);
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task Connections_beyond_the_bound_are_closed_and_the_others_served()
    {
        await using var host = await ApiHost.StartAsync(options => options.MaxConnections = 5);
        var held = new List<RawConnection>();
        for (var i = 0; i < 5; i++)
        {
            held.Add(await RawConnection.OpenAsync(host.Address));
            await held[i].SendAsync("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
            await held[i].ReadUntilAsync("alive");
        }

        using (var sixth = await RawConnection.OpenAsync(host.Address))
        {
            Assert.Equal("", await sixth.ReadToEndAsync());
        }

        await held[0].SendAsync("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
        await held[0].ReadUntilAsync("alive");
        held.ForEach(connection => connection.Dispose());
    }

    [Fact]
    public async Task A_thousand_idle_and_slow_clients_do_not_hold_up_the_others()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var held = new List<RawConnection>();
        for (var i = 0; i < 1_000; i++)
        {
            held.Add(await RawConnection.OpenAsync(host.Address));
            await held[i].SendAsync((i % 4) switch
            {
                0 => "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
                1 => Produce + "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                2 => "GET /v1/topics/t/partitions/0/records?max_wait_ms=60000 HTTP/1.1\r\nHost: h\r\n\r\n",
                _ => "GET /v1/to",
            });
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/topics")).Status);
        }

        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 20);
        held.ForEach(connection => connection.Dispose());
    }

    private static string Repeat(string text, int times) => new StringBuilder().Insert(0, text, times).ToString();
}
