using System.Net;
using System.Text.Json;
using Loire.Model;

namespace Loire.WebApi.Tests;

public sealed class LiveTailTests
{
    [Fact]
    public async Task New_records_of_all_partitions_come_as_events_whose_ids_resume_without_a_gap()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 3);
        await ProduceAsync(host, 0, "before");
        string id;
        await using (var tail = await Tail.OpenAsync(host, "/v1/topics/t/records"))
        {
            var first = await tail.NextAsync();
            Assert.Equal(("heartbeat", "0:1,1:0,2:0"), (first.EventType, tail.LastEventId));
            await ProduceAsync(host, 2, "a");
            var records = await tail.NextAsync();
            Assert.Equal(("records", "0:1,1:0,2:1"), (records.EventType, tail.LastEventId));
            var record = JsonDocument.Parse(records.Data).RootElement[0];
            Assert.Equal((2, 0, "a"), (record.GetProperty("partition").GetInt32(), record.GetProperty("offset").GetInt64(), record.GetProperty("value").GetString()));
            id = tail.LastEventId;
        }

        await ProduceAsync(host, 1, "b");
        await ProduceAsync(host, 2, "c");
        foreach (var query in new[] { "", "?resume=" + id })
        {
            await using var resumed = await Tail.OpenAsync(host, "/v1/topics/t/records" + query, query.Length == 0 ? id : null);
            Assert.Equal("heartbeat", (await resumed.NextAsync()).EventType);
            var values = new List<string?>();
            while (values.Count < 2)
            {
                values.AddRange(JsonDocument.Parse((await resumed.NextAsync()).Data).RootElement.EnumerateArray().Select(r => r.GetProperty("value").GetString()));
            }

            Assert.Equal(["b", "c"], values.Order());
            Assert.Equal("0:1,1:1,2:2", resumed.LastEventId);
        }
    }

    [Fact]
    public async Task A_partition_that_the_token_does_not_know_begins_with_its_first_record()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        await ProduceAsync(host, 1, "added since");
        await using var tail = await Tail.OpenAsync(host, "/v1/topics/t/records", "0:0");
        await tail.NextAsync();
        Assert.Contains("added since", (await tail.NextAsync()).Data, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("0")]
    [InlineData("0:-1")]
    [InlineData("0:1,0:2")]
    [InlineData("9:1")]
    [InlineData("0:1,")]
    [InlineData("0:99999999999999999999")]
    public async Task A_token_that_cannot_be_one_is_refused(string token)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.SendAsync(HttpMethod.Get, "/v1/topics/t/records", null, null, "text/event-stream", ("Last-Event-ID", token));
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
    }

    [Fact]
    public async Task One_partition_can_be_followed_from_any_offset()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        await ProduceAsync(host, 1, "a", "b");
        await using var tail = await Tail.OpenAsync(host, "/v1/topics/t/partitions/1/records?offset=1&value_format=json");
        await tail.NextAsync();
        var records = await tail.NextAsync();
        Assert.Equal(("1:2", 1), (tail.LastEventId, JsonDocument.Parse(records.Data).RootElement.GetArrayLength()));
    }

    [Fact]
    public async Task Values_with_line_breaks_stay_in_one_event()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", null, "{\n\"a\"\r:\n1}\n\ndata: x"u8.ToArray());
        await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", null, "{\n\"a\"\r:\n1}"u8.ToArray());
        await using var tail = await Tail.OpenAsync(host, "/v1/topics/t/partitions/0/records?offset=0&value_format=json");
        await tail.NextAsync();
        var records = JsonDocument.Parse((await tail.NextAsync()).Data).RootElement;
        Assert.Equal("{\n\"a\"\r:\n1}\n\ndata: x", records[0].GetProperty("value").GetString());
        Assert.Equal(1, records[1].GetProperty("value").GetProperty("a").GetInt32());
    }

    [Fact]
    public async Task A_quiet_tail_sends_heartbeats()
    {
        await using var host = await ApiHost.StartAsync(options => options.HeartbeatInterval = TimeSpan.FromMilliseconds(30));
        host.Cluster.AddTopic("t");
        await using var tail = await Tail.OpenAsync(host, "/v1/topics/t/records");
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("heartbeat", (await tail.NextAsync()).EventType);
        }
    }

    [Fact]
    public async Task Records_that_retention_took_are_reported_and_passed_over()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await ProduceAsync(host, 0, "a", "b", "c");
        host.Cluster.Partition("t", 0).LogStart = new Offset(2);
        await using var tail = await Tail.OpenAsync(host, "/v1/topics/t/records", "0:0");
        await tail.NextAsync();
        var error = await tail.NextAsync();
        Assert.Equal("error", error.EventType);
        Assert.Contains("going on at 2", error.Data, StringComparison.Ordinal);
        Assert.Contains("\"c\"", (await tail.NextAsync()).Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_of_a_partition_ends_the_tail_with_an_error_event()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        await using var tail = await Tail.OpenAsync(host, "/v1/topics/t/records");
        await tail.NextAsync();
        host.Cluster.Partition("t", 1).FetchError = ErrorCode.UnknownTopicOrPartition;
        await ProduceAsync(host, 1, "wake up");
        var error = JsonDocument.Parse((await tail.NextAsync()).Data).RootElement;
        Assert.Equal((1, "UNKNOWN_TOPIC_OR_PARTITION"), (error.GetProperty("partition").GetInt32(), error.GetProperty("code").GetString()));
        Assert.True(await tail.EndsAsync());
    }

    [Fact]
    public async Task NDJSON_tails_have_a_record_a_line()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        using var connection = await RawConnection.OpenAsync(host.Address);
        await connection.SendAsync("GET /v1/topics/t/records?offset=earliest HTTP/1.1\r\nHost: h\r\n\r\n");
        await ProduceAsync(host, 0, "a");
        Assert.Contains("{\"partition\":0,\"offset\":0,", await connection.ReadUntilAsync("\"a\""), StringComparison.Ordinal);
        await ProduceAsync(host, 1, "b");
        Assert.Contains("{\"partition\":1,\"offset\":0,", await connection.ReadUntilAsync("\"b\""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_with_very_many_partitions_is_not_followed_at_once()
    {
        await using var host = await ApiHost.StartAsync(options => options.MaxTailPartitions = 4);
        host.Cluster.AddTopic("t", partitions: 5);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync("/v1/topics/t/records")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/topics/none/records")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync("/v1/topics/t/records?offset=5")).Status);
    }

    [Fact]
    public async Task Stopping_ends_the_tails()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await using var tail = await Tail.OpenAsync(host, "/v1/topics/t/records");
        await tail.NextAsync();
        await host.StopAsync();
        Assert.True(await tail.EndsAsync());
        Assert.Empty(host.Log.Lines);
    }

    private static Task<Answered> ProduceAsync(ApiHost host, int partition, params string[] values) =>
        host.PostAsync($"/v1/topics/t/records?partition={partition}", "text/plain", string.Join('\n', values));
}
