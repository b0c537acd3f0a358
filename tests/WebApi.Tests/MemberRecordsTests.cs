using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.TestKit.Fakes;
using static Loire.WebApi.Tests.GroupTests;
using static Loire.WebApi.Tests.MemberTests;

namespace Loire.WebApi.Tests;

/// <summary>Reading as a member, in one answer or in a stream, before a fake consumer.</summary>
public sealed class MemberRecordsTests
{
    private const string Ndjson = "application/x-ndjson";
    private const string Events = "text/event-stream";

    [Fact]
    public async Task Records_come_with_their_topic_and_the_receipt_of_the_answer()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        consumer.Queue(
            new ConsumedRecord(
                Place("t", 2), new Offset(7), new Timestamp(1000), "k"u8.ToArray(), "{\"a\":1}"u8.ToArray(),
                [new("h", "x"u8.ToArray()), new("n", null)]),
            new ConsumedRecord(Place("s", 0), new Offset(0), new Timestamp(2000), null, [0xff], []));
        const string First = """{"topic_name":"t","partition":2,"offset":7,"timestamp":1000,"key":"k","value":"""
            + "VALUE,\"headers\":[{\"name\":\"h\",\"value\":\"x\"},{\"name\":\"n\",\"value\":null}]}";
        const string Second = """{"topic_name":"s","partition":0,"offset":0,"timestamp":2000,"key":null,"value":"""
            + "{\"type\":\"binary\",\"data\":\"/w==\"},\"headers\":[]}";
        var json = await host.GetAsync(path + "/records?value_format=json");
        Assert.Equal(("application/json", "r2"), (json.ContentType, json.Header("Next-After")));
        Assert.Equal($"[{First.Replace("VALUE", "{\"a\":1}", StringComparison.Ordinal)},{Second}]", json.Text);

        var lines = await host.GetAsync(path + "/records?after=r0", Ndjson);
        Assert.Equal((Ndjson, "r2"), (lines.ContentType, lines.Header("Next-After")));
        Assert.Equal($"{First.Replace("VALUE", "\"{\\\"a\\\":1}\"", StringComparison.Ordinal)}\n{Second}\n", lines.Text);

        var empty = await host.GetAsync(path + "/records");
        Assert.Equal(("[]", "r2"), (empty.Text, empty.Header("Next-After")));
        Assert.Equal("", (await host.GetAsync(path + "/records", Ndjson)).Text);
    }

    [Fact]
    public async Task An_answer_that_was_lost_is_asked_for_again_by_the_receipt_before_it()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        Enqueue(consumer, 5);
        var first = await host.GetAsync(path + "/records?max_records=2");
        var lost = await host.GetAsync($"{path}/records?max_records=2&after={first.Header("Next-After")}");
        var again = await host.GetAsync($"{path}/records?max_records=2&after={first.Header("Next-After")}");
        Assert.Equal(lost.Text, again.Text);
        Assert.Equal(["4"], Values((await host.GetAsync(path + "/records")).Text));
        Assert.Equal(
            [(PreviousDelivery.Finished, null), (PreviousDelivery.FinishedUpToReceipt, "r2"), (PreviousDelivery.FinishedUpToReceipt, "r2"), (PreviousDelivery.Finished, null)],
            consumer.Takes.Select(take => (take.PreviousDelivery, take.Receipt)));
    }

    [Fact]
    public async Task Bounds_and_waits_reach_the_consumer()
    {
        await using var host = await ApiHost.StartAsync(options => options.MaxFetchBytes = 5_000_000);
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        await host.GetAsync(path + "/records");
        await host.GetAsync(path + "/records?max_records=1000000&max_bytes=5000000&max_wait_ms=60000");
        Assert.Equal(new TakeRequest(PreviousDelivery.Finished, null, 500, 1024 * 1024, TimeSpan.Zero), consumer.Takes[0]);
        Assert.Equal(new TakeRequest(PreviousDelivery.Finished, null, 1_000_000, 5_000_000, TimeSpan.FromMinutes(1)), consumer.Takes[1]);
    }

    [Theory]
    [InlineData("max_records=0", null, "no record")]
    [InlineData("max_records=1000001", null, "too many records")]
    [InlineData("max_records=x", null, "records that are no number")]
    [InlineData("max_bytes=0", null, "no byte")]
    [InlineData("max_bytes=16777217", null, "too many bytes")]
    [InlineData("max_wait_ms=-1", null, "a negative wait")]
    [InlineData("max_wait_ms=60001", null, "a long wait")]
    [InlineData("max_records=1&max_records=2", null, "twice")]
    [InlineData("offset=1", null, "an unknown parameter")]
    [InlineData("after=", null, "an empty receipt")]
    [InlineData("after=a%20b", null, "a receipt with a space")]
    [InlineData("after=%0Aevent:x", null, "a receipt with a line break")]
    [InlineData("after=%C3%BC", null, "a receipt beyond ASCII")]
    [InlineData("after=LONG", null, "a long receipt")]
    [InlineData("key_format=hex", null, "a format that is none")]
    [InlineData("follow=true", null, "a stream of JSON")]
    [InlineData("follow=maybe", Ndjson, "a flag that is none")]
    [InlineData("finish=delivered", null, "a word about streams, without one")]
    [InlineData("finish=now", Events, "a word that is none")]
    [InlineData("max_wait_ms=5", Events, "a wait of a stream")]
    [InlineData("max_wait_ms=5&follow=true", Ndjson, "a wait of a stream")]
    public async Task A_question_that_makes_no_sense_reaches_no_consumer(string query, string? accept, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        var answer = await host.GetAsync($"{path}/records?{query.Replace("LONG", new string('r', 65), StringComparison.Ordinal)}", accept);
        Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{reason}: {answer.Text}");
        Assert.Empty(consumer.Takes);
    }

    [Fact]
    public async Task Only_the_forms_that_are_offered_are_answered()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        await AssertProblem(host.GetAsync(path + "/records", "image/png"), 406, "INVALID_REQUEST");
        await AssertProblem(
            host.SendAsync(HttpMethod.Get, path + "/records", null, null, Events, ("Last-Event-ID", "a b")), 400, "INVALID_REQUEST");
        Assert.Empty(consumer.Takes);
    }

    [Theory]
    [InlineData(ErrorCode.InvalidRequest, 400)]
    [InlineData(ErrorCode.UnknownMemberId, 404)]
    [InlineData(ErrorCode.OffsetOutOfRange, 416)]
    [InlineData(ErrorCode.RequestTimedOut, 504)]
    [InlineData(ErrorCode.CoordinatorNotAvailable, 503)]
    public async Task What_the_consumer_refuses_is_a_problem_in_every_form(ErrorCode error, int status)
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        consumer.OnTake = (_, _) => ValueTask.FromResult<TakeResult?>(new TakeResult(error, "It says why.", [], "r0"));
        foreach (var (query, accept) in new[] { ("", "application/json"), ("", Ndjson), ("?follow=true", Ndjson), ("", Events) })
        {
            var problem = await AssertProblem(host.GetAsync($"{path}/records{query}", accept), status, ErrorCodes.Describe(error).Name);
            Assert.Equal("It says why.", problem.GetProperty("detail").GetString());
        }

        consumer.OnTake = (_, _) => throw new TimeoutException();
        await AssertProblem(host.GetAsync(path + "/records", Events), 504, "REQUEST_TIMED_OUT");
    }

    [Fact]
    public async Task Events_come_with_receipts_and_go_on_behind_the_last_one_that_arrived()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        var deliveries = Script(consumer);
        await deliveries.Writer.WriteAsync(TakeResult("r1", 0));
        await using (var tail = await Tail.OpenAsync(host, path + "/records"))
        {
            var first = await tail.NextAsync();
            Assert.Equal(("records", "r1", "0"), (first.EventType, tail.LastEventId, Assert.Single(Values(first.Data))));
            await deliveries.Writer.WriteAsync(TakeResult("r2"));
            Assert.Equal(("heartbeat", "r2"), ((await tail.NextAsync()).EventType, tail.LastEventId));
            await deliveries.Writer.WriteAsync(TakeResult("r3", 1, 2));
            Assert.Equal(["1", "2"], Values((await tail.NextAsync()).Data));
            Assert.Equal("r3", tail.LastEventId);
        }

        // The first stream may not have noticed yet, and wait for a delivery that it would take away.
        await Script(consumer).Writer.WriteAsync(TakeResult("r4"));
        await using (var resumed = await Tail.OpenAsync(host, path + "/records?after=r1", "r3"))
        {
            await resumed.NextAsync();
        }

        Assert.Equal(
            [
                (PreviousDelivery.Finished, null, 0), (PreviousDelivery.Pending, null, 15), (PreviousDelivery.Pending, null, 15), (PreviousDelivery.Pending, null, 15),
                (PreviousDelivery.FinishedUpToReceipt, "r3", 0),
            ],
            consumer.Takes.Take(5).Select(take => (take.PreviousDelivery, take.Receipt, (int)take.MaxWait.TotalSeconds)));
    }

    [Fact]
    public async Task Lines_come_with_a_receipt_behind_each_delivery_and_count_as_finished_only_if_asked_to()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        var deliveries = Script(consumer);
        using var connection = await RawConnection.OpenAsync(host.Address);
        await deliveries.Writer.WriteAsync(TakeResult("r1"));
        await connection.SendAsync($"GET {path}/records?follow=true&finish=delivered HTTP/1.1\r\nHost: h\r\nAccept: {Ndjson}\r\nAccept-Encoding: gzip\r\n\r\n");
        var head = await connection.ReadUntilAsync("\r\n\r\n");
        Assert.Contains("200 OK", head, StringComparison.Ordinal);
        Assert.Contains("Cache-Control: no-store, no-transform", head, StringComparison.Ordinal);
        await deliveries.Writer.WriteAsync(TakeResult("r2", 0, 1));
        var lines = await connection.ReadUntilAsync("{\"after\":\"r2\"}\n");
        Assert.DoesNotContain("r1", lines, StringComparison.Ordinal);
        Assert.Contains("\"offset\":1,", lines, StringComparison.Ordinal);
        await deliveries.Writer.WriteAsync(TakeResult("r3", 2));
        await connection.ReadUntilAsync("{\"after\":\"r3\"}\n");
        await Until.TrueAsync(() => consumer.Takes.Count == 4);
        Assert.All(consumer.Takes, take => Assert.Equal((PreviousDelivery.Finished, null), (take.PreviousDelivery, take.Receipt)));
        Assert.Equal(60, consumer.Takes[^1].MaxWait.TotalSeconds);
    }

    [Fact]
    public async Task A_stream_whose_consumer_fails_says_so_and_ends()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        var deliveries = Script(consumer);
        await deliveries.Writer.WriteAsync(TakeResult("r1"));
        await using (var tail = await Tail.OpenAsync(host, path + "/records"))
        {
            await tail.NextAsync();
            await deliveries.Writer.WriteAsync(new TakeResult(ErrorCode.RequestTimedOut, "Another request reads now.", [], "r1"));
            var error = await tail.NextAsync();
            Assert.Equal(("error", "r1"), (error.EventType, tail.LastEventId));
            Assert.Equal("Another request reads now.", JsonDocument.Parse(error.Data).RootElement.GetProperty("detail").GetString());
            Assert.True(await tail.EndsAsync());
        }

        await deliveries.Writer.WriteAsync(TakeResult("r1"));
        await deliveries.Writer.WriteAsync(new TakeResult(ErrorCode.UnknownMemberId, null, [], "r1"));
        var line = Assert.Single((await host.GetAsync(path + "/records?follow=true", Ndjson)).Lines);
        Assert.Equal(("UNKNOWN_MEMBER_ID", 404), (line.GetProperty("code").GetString(), line.GetProperty("status").GetInt32()));

        var isFirst = true;
        consumer.OnTake = (_, _) =>
            isFirst && !(isFirst = false) ? ValueTask.FromResult<TakeResult?>(TakeResult("r1")) : throw new TimeoutException();
        line = Assert.Single((await host.GetAsync(path + "/records?follow=true", Ndjson)).Lines);
        Assert.Equal("REQUEST_TIMED_OUT", line.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("", "application/json")]
    [InlineData("", Events)]
    [InlineData("?follow=true", Ndjson)]
    public async Task A_client_that_leaves_ends_the_wait_of_its_consumer(string query, string accept)
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        var ended = new TaskCompletionSource();
        var waiting = new TaskCompletionSource();
        consumer.OnTake = async (request, cancellation) =>
        {
            if (accept != "application/json" && request.MaxWait == TimeSpan.Zero)
            {
                return TakeResult("r1");
            }

            using var registration = cancellation.Register(ended.SetResult);
            waiting.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            return null;
        };
        using (var connection = await RawConnection.OpenAsync(host.Address))
        {
            await connection.SendAsync($"GET {path}/records{query} HTTP/1.1\r\nHost: h\r\nAccept: {accept}\r\n\r\n");
            await waiting.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task A_node_that_stops_ends_streams_and_sends_those_who_wait_elsewhere()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        var deliveries = Script(consumer);
        await deliveries.Writer.WriteAsync(TakeResult("r1"));
        await using var tail = await Tail.OpenAsync(host, path + "/records");
        await tail.NextAsync();
        var asking = host.GetAsync(path + "/records?max_wait_ms=60000");
        await Until.TrueAsync(() => consumer.Takes.Count == 3);
        await host.StopAsync();
        Assert.True(await tail.EndsAsync());
        await AssertProblem(asking, 503, "LEADER_NOT_AVAILABLE");
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task An_answer_of_many_megabytes_is_whole()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        var value = new byte[100_000];
        Array.Fill(value, (byte)'x');
        consumer.Queue(
            [.. Enumerable.Range(0, 100).Select(i => new ConsumedRecord(Place("t", 0), new Offset(i), new Timestamp(1), null, value, []))]);
        var answer = await host.GetAsync(path + "/records");
        Assert.Equal(100, answer.Json.GetArrayLength());
        Assert.Equal(100_000, answer.Json[99].GetProperty("value").GetString()!.Length);
    }

    // Each take is answered by what the test writes, and waits for it.
    private static Channel<TakeResult> Script(FakeConsumer consumer)
    {
        var deliveries = Channel.CreateUnbounded<TakeResult>();
        consumer.OnTake = async (_, cancellation) => await deliveries.Reader.ReadAsync(cancellation);
        return deliveries;
    }

    private static void Enqueue(FakeConsumer consumer, int count) => consumer.Queue([.. Enumerable.Range(0, count).Select(Record)]);

    private static TakeResult TakeResult(string receipt, params int[] offsets) =>
        new(ErrorCode.None, null, ConsumedRecords.ToSlices(offsets.Select(Record)), receipt);

    private static ConsumedRecord Record(int offset) =>
        new(Place("t", 0), new Offset(offset), new Timestamp(1), null, System.Text.Encoding.ASCII.GetBytes($"{offset}"), []);

    private static string[] Values(string records) =>
        [.. JsonDocument.Parse(records).RootElement.EnumerateArray().Select(record => record.GetProperty("value").GetString()!)];

    private static TopicPartition Place(string topic, int partition) => new(TopicName.Parse(topic), partition);
}
