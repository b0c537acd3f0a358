using System.Net;
using Loire.Model;

namespace Loire.WebApi.Tests;

public sealed class FetchTests
{
    private const string Path = "/v1/topics/t/partitions/0/records";

    private static async Task<ApiHost> WithValuesAsync(params string[][] batches)
    {
        var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        for (var i = 0; i < batches.Length; i++)
        {
            host.Cluster.Partition("t", 0).Plant(Batches.Of(i % 2 == 0 ? CompressionType.None : CompressionType.Gzip, 1_000 * (i + 1), batches[i]));
        }

        return host;
    }

    [Theory]
    [InlineData("", "a b c d e", "5", "everything from the start")]
    [InlineData("?offset=earliest", "a b c d e", "5", "")]
    [InlineData("?offset=1", "b c d e", "5", "from within a batch")]
    [InlineData("?offset=4", "e", "5", "")]
    [InlineData("?offset=5", "", "5", "the end is a place to be")]
    [InlineData("?offset=latest", "", "5", "")]
    [InlineData("?max_records=2", "a b", "2", "")]
    [InlineData("?offset=1&max_records=3", "b c d", "4", "")]
    [InlineData("?max_bytes=1", "a b c", "3", "the first batch comes whole")]
    [InlineData("?timestamp=0", "a b c d e", "5", "")]
    [InlineData("?timestamp=1001", "b c d e", "5", "the first record at or after the moment")]
    [InlineData("?timestamp=1003", "d e", "5", "between two batches")]
    [InlineData("?timestamp=1970-01-01T00:00:02Z", "d e", "5", "as ISO 8601")]
    [InlineData("?timestamp=1970-01-01T01:00:02.001%2B01:00", "e", "5", "with an offset")]
    [InlineData("?timestamp=2002", "", "5", "after all of them: from the end on")]
    [InlineData("?until=3", "a b c", "3", "")]
    [InlineData("?until=2", "a b", "2", "within a batch")]
    [InlineData("?offset=1&until=latest", "b c d e", "5", "")]
    [InlineData("?offset=3&until=3", "", "3", "")]
    [InlineData("?until=earliest", "", "0", "")]
    public async Task Reading_begins_and_ends_where_it_is_told(string query, string expected, string next, string reason)
    {
        await using var host = await WithValuesAsync(["a", "b", "c"], ["d", "e"]);
        foreach (var accept in new[] { "text/plain", "application/json", "application/x-ndjson" })
        {
            var answer = await host.GetAsync(Path + query, accept);
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            var values = accept == "text/plain" ? answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                : [.. (accept == "application/json" ? [.. answer.Json.EnumerateArray()] : answer.Lines).Select(record => record.GetProperty("value").GetString()!)];
            Assert.True(expected == string.Join(' ', values), $"{accept} {reason}: {answer.Text}");
            Assert.Equal((next, "5"), (answer.Header("Next-Offset"), answer.Header("High-Watermark")));
        }
    }

    [Theory]
    [InlineData("?offset=-1", 400, "offset must be")]
    [InlineData("?offset=9223372036854775808", 400, "offset must be")]
    [InlineData("?offset=6", 416, "")]
    [InlineData("?offset=9223372036854775807", 416, "")]
    [InlineData("?offset=1&timestamp=5", 400, "not both")]
    [InlineData("?offset=1&offset=2", 400, "more than once")]
    [InlineData("?ofset=1", 400, "unknown here; known are offset")]
    [InlineData("?max_bytes=0", 400, "max_bytes must be")]
    [InlineData("?max_bytes=16777217", 400, "max_bytes must be")]
    [InlineData("?max_records=0", 400, "max_records must be")]
    [InlineData("?min_bytes=-1", 400, "min_bytes must be")]
    [InlineData("?max_wait_ms=60001", 400, "max_wait_ms must be")]
    [InlineData("?max_wait_ms=2147483648", 400, "max_wait_ms must be")]
    [InlineData("?timestamp=tomorrow", 400, "timestamp must be")]
    [InlineData("?until=6", 400, "beyond the high watermark")]
    [InlineData("?until=latest&follow=true", 400, "until excludes")]
    [InlineData("?follow=yes", 400, "true or false")]
    [InlineData("?follow=true", 400, "follow goes with")]
    [InlineData("?value_format=xml", 400, "one of string, json, binary")]
    public async Task A_read_that_makes_no_sense_is_refused_with_the_reason(string query, int status, string expected)
    {
        await using var host = await WithValuesAsync(["a", "b", "c"], ["d", "e"]);
        var answer = await host.GetAsync(Path + query, "application/json");
        Assert.Equal(status, (int)answer.Status);
        Assert.Equal("application/problem+json", answer.ContentType);
        Assert.Contains(expected, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        if (status == 416)
        {
            Assert.Equal((0, 5), (answer.Json.GetProperty("log_start_offset").GetInt64(), answer.Json.GetProperty("high_watermark").GetInt64()));
        }
    }

    [Theory]
    [InlineData(null, "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData("text/*", "text/plain")]
    [InlineData("application/x-ndjson, application/json;q=0.5", "application/x-ndjson")]
    [InlineData("application/json;q=0, */*;q=0.1", "application/x-ndjson")]
    [InlineData("text/html, application/vnd.loire.record-batches", "application/vnd.loire.record-batches")]
    [InlineData("nonsense", "application/json")]
    public async Task Accept_chooses_the_form(string? accept, string expected)
    {
        await using var host = await WithValuesAsync(["a"]);
        Assert.Equal(expected, (await host.GetAsync(Path, accept)).ContentType);
    }

    [Fact]
    public async Task A_form_that_is_not_offered_is_406()
    {
        await using var host = await WithValuesAsync(["a"]);
        Assert.Equal(HttpStatusCode.NotAcceptable, (await host.GetAsync(Path, "text/html")).Status);
        Assert.Equal(HttpStatusCode.NotAcceptable, (await host.PostAsync("/v1/topics/t/records", "text/plain", "a\n", "text/html")).Status);
    }

    [Fact]
    public async Task A_long_poll_is_answered_when_enough_has_come()
    {
        await using var host = await WithValuesAsync(["a"]);
        var partition = host.Cluster.Partition("t", 0);
        var poll = host.GetAsync(Path + "?offset=1&max_wait_ms=30000&min_bytes=150", "text/plain");
        await Until.TrueAsync(() => partition.Parked == 1);
        await host.PostAsync("/v1/topics/t/records", "text/plain", "b\n");
        await Until.TrueAsync(() => partition.Parked == 1);
        Assert.False(poll.IsCompleted);
        await host.PostAsync("/v1/topics/t/records", "text/plain", new string('c', 100) + "\n");
        var answer = await poll;
        Assert.Equal(("b\n" + new string('c', 100) + "\n", "3"), (answer.Text, answer.Header("Next-Offset")));
    }

    [Fact]
    public async Task A_long_poll_that_sees_nothing_answers_empty_in_time()
    {
        await using var host = await WithValuesAsync(["a"]);
        var answer = await host.GetAsync(Path + "?offset=1&max_wait_ms=50", "application/json");
        Assert.Equal(("[]", "1"), (answer.Text, answer.Header("Next-Offset")));
    }

    [Fact]
    public async Task A_poll_whose_client_leaves_is_let_go()
    {
        await using var host = await WithValuesAsync(["a"]);
        using (var connection = await RawConnection.OpenAsync(host.Address))
        {
            await connection.SendAsync($"GET {Path}?offset=1&max_wait_ms=60000 HTTP/1.1\r\nHost: h\r\n\r\n");
            await Until.TrueAsync(() => host.Cluster.Partition("t", 0).Parked == 1);
        }

        await Until.TrueAsync(() => host.Cluster.Partition("t", 0).Parked == 0);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task Stopping_answers_the_polls_that_wait()
    {
        await using var host = await WithValuesAsync(["a"]);
        var poll = host.GetAsync(Path + "?offset=1&max_wait_ms=60000", "text/plain");
        await Until.TrueAsync(() => host.Cluster.Partition("t", 0).Parked == 1);
        await host.StopAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await poll).Status);
    }

    [Fact]
    public async Task Following_goes_on_until_the_client_leaves()
    {
        await using var host = await WithValuesAsync(["a"]);
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync($"GET {Path}?offset=0&follow=true HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\n\r\n");
        await connection.ReadUntilAsync("a\n");
        foreach (var value in new[] { "b", "c" })
        {
            await host.PostAsync("/v1/topics/t/records", "text/plain", value + "\n");
            await connection.ReadUntilAsync(value + "\n");
        }
    }

    [Fact]
    public async Task A_batch_of_rubbish_stops_the_page_before_it_and_can_be_passed_over()
    {
        await using var host = await WithValuesAsync(["a", "b"]);
        host.Cluster.Partition("t", 0).Plant(Batches.Rubbish(3));
        await host.PostAsync("/v1/topics/t/records", "text/plain", "after\n");
        var first = await host.GetAsync(Path, "text/plain");
        Assert.Equal(("a\nb\n", "2"), (first.Text, first.Header("Next-Offset")));
        var broken = await host.GetAsync(Path + "?offset=2", "text/plain");
        Assert.Equal((HttpStatusCode.InternalServerError, "INVALID_RECORD"), (broken.Status, broken.Json.GetProperty("code").GetString()));
        Assert.Equal(5, broken.Json.GetProperty("next_offset").GetInt64());
        Assert.Equal("after\n", (await host.GetAsync(Path + "?offset=5", "text/plain")).Text);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync(Path + "?offset=2", "application/vnd.loire.record-batches")).Status);
    }

    [Fact]
    public async Task A_stream_that_fails_in_the_middle_is_cut_not_ended()
    {
        await using var host = await WithValuesAsync(["a", "b"]);
        host.Cluster.Partition("t", 0).Plant(Batches.Rubbish(3));
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync($"GET {Path}?until=latest HTTP/1.1\r\nHost: h\r\nAccept: text/plain\r\n\r\n");
        // The reset may overtake what was sent before it.
        var answer = await connection.ReadToEndAsync();
        Assert.DoesNotContain("\r\n0\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_decompresses_to_very_much_is_given_page_by_page()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        for (var i = 0; i < 10; i++)
        {
            host.Cluster.Partition("t", 0).Plant(Batches.Of(CompressionType.Gzip, 1, [.. Enumerable.Repeat(new string('x', 100_000), 50)]));
        }

        var answer = await host.GetAsync(Path, "application/x-ndjson");
        var next = long.Parse(answer.Header("Next-Offset"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(next, 50, 200);
        Assert.Equal(next, answer.Lines.Length);
        Assert.Equal(500, (await host.GetAsync(Path + "?until=latest", "text/plain")).Text.Count(c => c == '\n'));
    }

    [Fact]
    public async Task A_damaged_log_is_the_servers_failure()
    {
        await using var host = await WithValuesAsync(["a"]);
        host.Cluster.Partition("t", 0).FetchError = ErrorCode.CorruptMessage;
        var answer = await host.GetAsync(Path, "text/plain");
        Assert.Equal((HttpStatusCode.InternalServerError, "CORRUPT_MESSAGE"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Offsets_show_the_bounds_or_the_record_of_a_moment()
    {
        await using var host = await WithValuesAsync(["a", "b", "c"], ["d", "e"]);
        var bounds = await host.GetAsync("/v1/topics/t/partitions/0/offsets");
        Assert.Equal("""{"partition":0,"log_start_offset":0,"last_stable_offset":5,"high_watermark":5,"log_end_offset":5}""", bounds.Text);
        Assert.Equal("""{"partition":0,"offset":4,"timestamp":2001}""", (await host.GetAsync("/v1/topics/t/partitions/0/offsets?timestamp=2001")).Text);
        Assert.Equal("""{"partition":0,"offset":null,"timestamp":null}""", (await host.GetAsync("/v1/topics/t/partitions/0/offsets?timestamp=2002")).Text);
        Assert.Equal("""{"partition":0,"leader":0,"leader_epoch":0,"preferred_leader":null,"replicas":[0],"isr":[0]}""", (await host.GetAsync("/v1/topics/t/partitions/0")).Text);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/topics/t/partitions/1/offsets")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync("/v1/topics/t/partitions/x/offsets")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync("/v1/topics/t/partitions/2147483648/offsets")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/topics/t/partitions/2147483647/offsets")).Status);
    }
}
