using System.Net;
using System.Text.Json;
using Loire.Model;

namespace Loire.WebApi.Tests;

public sealed class NdjsonStreamTests
{
    private const string Head = "POST /v1/topics/t/records HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";

    [Fact]
    public async Task Acknowledgements_come_back_while_the_upload_goes_on()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(Head);
        for (var i = 0; i < 5; i++)
        {
            await connection.SendChunkAsync($"{{\"value\":{i}}}\n");
            Assert.Contains($"\"first_offset\":{i},", await connection.ReadUntilAsync($"\"acknowledged\":{i + 1},"), StringComparison.Ordinal);
        }

        await connection.SendAsync("0\r\n\r\n");
        Assert.Contains("\"type\":\"done\"", await connection.ReadUntilAsync("\r\n0\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acknowledged_counts_from_the_start_even_when_a_later_partition_answers_first()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        var held = new TaskCompletionSource<ErrorCode>();
        host.Cluster.Partition("t", 0).BeforeAppend = _ => held.Task;
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(Head);
        await connection.SendChunkAsync("{\"value\":1,\"partition\":0}\n{\"value\":2,\"partition\":1}\n");
        Assert.Contains("\"partition\":1", await connection.ReadUntilAsync("\"acknowledged\":0,"), StringComparison.Ordinal);
        held.SetResult(ErrorCode.None);
        await connection.ReadUntilAsync("\"acknowledged\":2,");
    }

    [Fact]
    public async Task A_failed_append_ends_the_stream_at_once_and_says_how_far_it_got()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        host.Cluster.Partition("t", 0).BeforeAppend = number => Task.FromResult(number == 1 ? ErrorCode.KafkaStorageError : ErrorCode.None);
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(Head);
        await connection.SendChunkAsync("{\"value\":1}\n{\"value\":2}\n");
        await connection.ReadUntilAsync("\"acknowledged\":2,");
        await connection.SendChunkAsync("{\"value\":3}\n");
        var end = await connection.ReadUntilAsync("\r\n0\r\n");
        var line = JsonDocument.Parse(end[end.IndexOf("{\"type\":\"error\"", StringComparison.Ordinal)..end.IndexOf("\n\r\n", StringComparison.Ordinal)]).RootElement;
        Assert.Equal(("KAFKA_STORAGE_ERROR", true), (line.GetProperty("code").GetString(), line.GetProperty("retriable").GetBoolean()));
        Assert.Equal((2, 2, 503), (line.GetProperty("acknowledged").GetInt64(), line.GetProperty("records_accepted").GetInt64(), line.GetProperty("status").GetInt32()));
    }

    [Theory]
    [InlineData("application/x-ndjson", "x\n", 400, "a line that is no JSON")]
    [InlineData("application/x-ndjson", "{\"value\":1,\"partition\":7}\n{\"value\":1}\n", 404, "a partition that does not exist")]
    [InlineData("application/x-ndjson", "{\"value\":1", 400, "a line that is cut")]
    [InlineData("text/plain", "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890\n", 413, "a long line")]
    [InlineData("application/vnd.loire.record-batches", "no batch of records", 400, "bytes that are no batch")]
    public async Task A_stream_of_which_nothing_is_accepted_is_answered_by_its_status(string type, string body, int status, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", maxMessageBytes: 100);
        var answer = await host.PostAsync("/v1/topics/t/records" + (reason.Contains("partition", StringComparison.Ordinal) ? "" : "?partition=0"), type, body, "application/x-ndjson");
        Assert.True((int)answer.Status == status, $"{reason}: {(int)answer.Status} {answer.Text}");
        Assert.Equal("application/problem+json", answer.ContentType);
        Assert.Equal(0, answer.Json.GetProperty("records_accepted").GetInt32());
    }

    [Fact]
    public async Task A_stream_that_fails_after_an_acknowledgement_ends_with_an_error_line()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.PostAsync("/v1/topics/t/records", "application/x-ndjson", "{\"value\":1}\nx\n");
        Assert.Equal((HttpStatusCode.OK, "application/x-ndjson"), (answer.Status, answer.ContentType));
        Assert.Equal(["ack", "error"], answer.Lines.Select(line => line.GetProperty("type").GetString()));
        Assert.Equal(2, answer.Lines[^1].GetProperty("line").GetInt32());
    }

    [Fact]
    public async Task An_append_of_unknown_outcome_is_said_to_be_unknown()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        host.Cluster.Partition("t", 0).Exception = new TimeoutException();
        var answer = await host.PostAsync("/v1/topics/t/records", "text/plain", "a\n");
        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.Status);
        Assert.Equal("REQUEST_TIMED_OUT", answer.Json.GetProperty("code").GetString());
        Assert.Contains("may have been", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reading_stops_while_the_partition_is_behind()
    {
        await using var host = await ApiHost.StartAsync(options =>
        {
            options.BatchBytes = 10_000;
            options.MaxPendingBytesPerRequest = 40_000;
        });
        host.Cluster.AddTopic("t");
        var held = new TaskCompletionSource<ErrorCode>();
        var begun = new TaskCompletionSource();
        host.Cluster.Partition("t", 0).BeforeAppend = _ =>
        {
            begun.TrySetResult();
            return held.Task;
        };
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(Head);
        var sending = SendManyAsync();
        await begun.Task;
        await Task.WhenAny(sending, Task.Delay(1_000));
        Assert.False(sending.IsCompleted, "The server took 60 MB that it had nowhere to put.");
        Assert.Equal(1, host.Cluster.Partition("t", 0).AppendsInFlightMax);
        held.SetResult(ErrorCode.None);
        var reading = connection.ReadUntilAsync("\"type\":\"done\"", 60);
        await sending;
        Assert.Contains("\"records_accepted\":60000,", await reading, StringComparison.Ordinal);

        async Task SendManyAsync()
        {
            var line = "{\"value\":\"" + new string('x', 1_000) + "\"}\n";
            var block = string.Concat(Enumerable.Repeat(line, 100));
            for (var i = 0; i < 600; i++)
            {
                await connection.SendChunkAsync(block);
            }

            await connection.SendAsync("0\r\n\r\n");
        }
    }

    [Fact]
    public async Task Keys_keep_their_order_and_go_where_Kafka_would_send_them()
    {
        await using var host = await ApiHost.StartAsync(options => options.BatchBytes = 1_024);
        host.Cluster.AddTopic("t", partitions: 5);
        var lines = string.Concat(Enumerable.Range(0, 2_000).Select(i => $"{{\"key\":\"k{i % 17}\",\"value\":{i}}}\n"));
        var answer = await host.PostAsync("/v1/topics/t/records", "application/x-ndjson", lines, "application/json");
        Assert.Equal(2_000, answer.Json.GetProperty("records_accepted").GetInt64());
        for (var partition = 0; partition < 5; partition++)
        {
            var last = new Dictionary<string, int>();
            foreach (var record in (await host.GetAsync($"/v1/topics/t/partitions/{partition}/records?max_bytes=10000000", "application/x-ndjson")).Lines)
            {
                var key = record.GetProperty("key").GetString()!;
                var number = int.Parse(record.GetProperty("value").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
                Assert.Equal(partition, Murmur2.Partition(System.Text.Encoding.UTF8.GetBytes(key), 5));
                Assert.Equal(last.GetValueOrDefault(key, (number % 17) - 17) + 17, number);
                last[key] = number;
            }
        }
    }

    [Fact]
    public async Task Records_without_a_key_spread_over_the_partitions_batch_by_batch()
    {
        await using var host = await ApiHost.StartAsync(options => options.BatchBytes = 1_024);
        host.Cluster.AddTopic("t", partitions: 4);
        var lines = string.Concat(Enumerable.Range(0, 5_000).Select(i => $"{{\"value\":{i}}}\n"));
        var answer = await host.PostAsync("/v1/topics/t/records", "application/x-ndjson", lines, "application/json");
        Assert.Equal(4, answer.Json.GetProperty("partitions").GetArrayLength());
    }

    [Fact]
    public async Task With_acks_0_nothing_is_promised()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.PostAsync("/v1/topics/t/records?acks=0", "text/plain", "a\nb\n");
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal("""[{"partition":0,"records_accepted":2}]""", answer.Json.GetProperty("partitions").GetRawText());
    }

    [Fact]
    public async Task A_source_that_falls_silent_is_ended_with_what_it_had()
    {
        await using var host = await ApiHost.StartAsync(options => options.StreamIdleTimeout = TimeSpan.FromMilliseconds(200));
        host.Cluster.AddTopic("t");
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync(Head);
        await connection.SendChunkAsync("{\"value\":1}\n{\"val");
        var answer = await connection.ReadUntilAsync("\r\n0\r\n");
        Assert.Contains("REQUEST_TIMED_OUT", answer, StringComparison.Ordinal);
        Assert.Contains("\"records_accepted\":1,", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blank_lines_are_passed_over_and_count_as_lines()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.PostAsync("/v1/topics/t/records", "application/x-ndjson", "\n{\"value\":1}\r\n \t\n\nx", "application/json");
        Assert.Equal((5, 1), (answer.Json.GetProperty("line").GetInt64(), answer.Json.GetProperty("records_accepted").GetInt64()));
    }
}
