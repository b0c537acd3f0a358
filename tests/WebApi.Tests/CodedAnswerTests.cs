using System.Net;
using System.Text;

namespace Loire.WebApi.Tests;

/// <summary>Answers to requests with Accept-Encoding.</summary>
public sealed class CodedAnswerTests
{
    private const string Fetch = "/v1/topics/t/partitions/0/records";

    [Theory]
    [InlineData(Fetch, "application/json")]
    [InlineData(Fetch, "application/x-ndjson")]
    [InlineData(Fetch, "text/plain")]
    [InlineData("/v1/topics", "application/json")]
    [InlineData("/v1/topics/t/partitions", "application/json")]
    [InlineData("/topics", "application/vnd.kafka.v2+json")]
    [InlineData("/topics/t/partitions/0/records?offset=0&timeout=1&max_bytes=100000", "application/vnd.kafka.binary.v2+json")]
    [InlineData("/openapi/v1.json", "application/json")]
    public async Task Records_and_lists_are_compressed_as_the_client_asks(string path, string type)
    {
        await using var host = await StartAsync();
        var plain = await host.GetAsync(path, type);
        Assert.Equal((HttpStatusCode.OK, ""), (plain.Status, plain.ContentEncoding));
        foreach (var coding in Coding.All)
        {
            var answer = await AskAsync(host, path, type, coding);
            Assert.Equal((HttpStatusCode.OK, coding, plain.ContentType), (answer.Status, answer.ContentEncoding, answer.ContentType));
            Assert.Equal("Accept-Encoding", answer.Header("Vary"));
            Assert.Equal(plain.Text, Encoding.UTF8.GetString(Coding.Decode(coding, answer.Body)));
            Assert.InRange(answer.Body.Length, 1, plain.Body.Length / 2);
        }
    }

    [Theory]
    [InlineData("gzip, deflate, br, zstd", "zstd", "equal wishes")]
    [InlineData("gzip, br", "br", "equal wishes")]
    [InlineData("br;q=0.5, gzip", "gzip", "the greater quality")]
    [InlineData("*", "zstd", "any")]
    [InlineData("zstd;q=0, gzip;q=0.1", "gzip", "zstd is excluded")]
    [InlineData("identity, gzip;q=0.5", "", "plain is wanted most")]
    [InlineData("deflate", "", "none that is offered")]
    [InlineData("gzip;q=0", "", "none at all")]
    [InlineData("", "", "no wish")]
    public async Task The_coding_is_the_one_that_the_client_prefers(string wish, string expected, string reason)
    {
        await using var host = await StartAsync();
        var answer = await AskAsync(host, Fetch, "application/json", wish);
        Assert.True(expected == answer.ContentEncoding, $"{reason}: {answer.ContentEncoding}");
    }

    [Fact]
    public async Task Small_answers_errors_bytes_and_streams_are_not_compressed()
    {
        await using var host = await StartAsync();
        foreach (var (path, type) in new[]
        {
            ("/v1/topics/t", "application/json"), (Fetch + "?offset=499", "application/json"), (Fetch + "?offset=1000", "application/json"),
            (Fetch, "application/octet-stream"), (Fetch, "application/vnd.loire.record-batches"), ("/v1/none", "application/json"),
        })
        {
            Assert.Equal("", (await AskAsync(host, path, type, "gzip")).ContentEncoding);
        }

        foreach (var (path, type) in new[]
        {
            ("/v1/topics/t/records?offset=earliest", "text/event-stream"), (Fetch + "?follow=true&offset=0", "application/x-ndjson"),
            (Fetch + "?follow=true&offset=0", "text/plain"),
        })
        {
            using var connection = await RawConnection.OpenAsync(host.Address);
            await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: h\r\nAccept: {type}\r\nAccept-Encoding: gzip\r\n\r\n");
            var head = await connection.ReadUntilAsync("record 499");
            Assert.DoesNotContain("Content-Encoding", head, StringComparison.Ordinal);
            Assert.Contains("Cache-Control: no-store, no-transform", head, StringComparison.Ordinal);
            await host.PostAsync("/v1/topics/t/records?partition=0", "text/plain", "the next one\n");
            await connection.ReadUntilAsync("the next one");
        }
    }

    [Theory]
    [InlineData("/v1/topics/t/records", "text/event-stream")]
    [InlineData("/v1/topics/t/records", "application/x-ndjson")]
    [InlineData(Fetch + "?follow=true", "application/x-ndjson")]
    [InlineData(Fetch + "?follow=true", "text/plain")]
    public async Task A_tail_without_records_begins_at_once(string path, string type)
    {
        await using var host = await BodyRoute.StartAsync();
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: h\r\nAccept: {type}\r\nAccept-Encoding: gzip\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acknowledgements_are_not_compressed()
    {
        await using var host = await ApiHost.StartAsync(options => options.BatchBytes = 1_024);
        host.Cluster.AddTopic("t", partitions: 50);
        var lines = string.Concat(Enumerable.Range(0, 500).Select(i => $"{{\"value\":\"{new string('x', 100)}\",\"partition\":{i % 50}}}\n"));
        var answer = await host.SendAsync(
            HttpMethod.Post, "/v1/topics/t/records", "application/x-ndjson", Encoding.UTF8.GetBytes(lines), null, ("Accept-Encoding", "gzip"));
        Assert.Equal("done", answer.Lines[^1].GetProperty("type").GetString());
    }

    [Fact]
    public async Task Beyond_the_bound_on_coded_bodies_answers_are_plain()
    {
        await using var host = await StartAsync(maxCodedBodies: 0);
        var answer = await AskAsync(host, Fetch, "application/json", "gzip");
        Assert.Equal(("", 500), (answer.ContentEncoding, answer.Json.GetArrayLength()));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_not_completed()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await host.PostAsync("/v1/topics/t/records?partition=0", "text/plain", new string('x', 5_000) + "\n");
        }

        var hasHead = new TaskCompletionSource();
        host.Cluster.Partition("t", 0).BeforeFetch = async (number, _) =>
        {
            if (number == 0)
            {
                return ErrorCode.None;
            }

            await hasHead.Task;
            return ErrorCode.NotLeaderOrFollower;
        };
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync($"GET {Fetch}?until=latest&max_bytes=4000 HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\nAccept-Encoding: gzip\r\n\r\n");
        await connection.ReadUntilAsync("Content-Encoding: gzip");
        hasHead.SetResult();
        Assert.DoesNotContain("\r\n0\r\n\r\n", await connection.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private static async Task<ApiHost> StartAsync(int maxCodedBodies = 512)
    {
        var host = await ApiHost.StartAsync(options => options.MaxCodedBodies = maxCodedBodies);
        host.Cluster.AddTopic("t", partitions: 200);
        for (var i = 0; i < 100; i++)
        {
            host.Cluster.AddTopic($"a-topic-of-several-{i}");
        }

        var lines = string.Concat(Enumerable.Range(0, 500).Select(i => $"record {i}\n"));
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/topics/t/records?partition=0", "text/plain", lines)).Status);
        return host;
    }

    private static Task<Answered> AskAsync(ApiHost host, string path, string type, string wish) =>
        host.SendAsync(HttpMethod.Get, path, null, null, type, ("Accept-Encoding", wish));
}
