using System.Text;
using Loire.Cli.Consume.Reading;
using Loire.Model;
using Loire.Silo.Tests;

namespace Loire.Cli.Tests;

[Collection(nameof(WithNode))]
public sealed class ProduceConsumeTests(NodeFixture node) : IDisposable
{
    private readonly Shell _shell = new(node.Url);

    [Fact]
    public async Task Keys_headers_and_tombstones_are_read_as_they_were_sent()
    {
        var topic = await NewTopicAsync(1);
        (await _shell.FeedAsync("k1:v1\nk2:\nplain\n", "produce", topic, "-K:", "-Z", "-H", "a=1", "-H", "b")).AssertOk();
        var read = await ReadAsync(topic, "-f", "%o %K %k %S %s %h\\n");
        Assert.Equal(["0 2 k1 2 v1 a=1,b=NULL", "1 2 k2 -1  a=1,b=NULL", "2 -1  5 plain a=1,b=NULL"], read);
    }

    [Fact]
    public async Task A_line_without_a_key_has_none_and_may_be_empty()
    {
        var topic = await NewTopicAsync(1);
        (await _shell.FeedAsync("a\n\n", "produce", topic)).AssertOk();
        Assert.Equal(["-1 1", "-1 0"], await ReadAsync(topic, "-f", "%K %S\\n"));
        (await _shell.FeedAsync("b\n:c\n", "produce", topic, "-K:", "-k", "fixed")).AssertOk();
        Assert.Equal(["5 1", "0 1"], await ReadAsync(topic, "-f", "%K %S\\n", "-o", "2"));
    }

    [Fact]
    public async Task Keys_are_partitioned_like_Kafka_s_Java_producer()
    {
        var topic = await NewTopicAsync(7);
        var keys = Enumerable.Range(0, 50).Select(i => $"key-{i}").ToArray();
        (await _shell.FeedAsync(string.Concat(keys.Select(key => $"{key}\tvalue\n")), "produce", topic, "-K", "\\t")).AssertOk();
        var read = (await ReadAsync(topic, "-f", "%p %k\\n")).Order(StringComparer.Ordinal);
        Assert.Equal(keys.Select(key => $"{Murmur2.Partition(Encoding.UTF8.GetBytes(key), 7)} {key}").Order(StringComparer.Ordinal), read);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    public async Task Many_records_keep_their_order_within_a_partition_under_any_codec(string codec)
    {
        var topic = await NewTopicAsync(1);
        var lines = Enumerable.Range(0, 20_000).Select(i => $"{i} {new string('x', i % 97)}").ToArray();
        (await _shell.FeedAsync(string.Join('\n', lines), "produce", topic, "-z", codec)).AssertOk();
        Assert.Equal(lines, (await ReadAsync(topic)).ToArray());
    }

    [Fact]
    public async Task Reading_starts_and_stops_at_the_given_offsets()
    {
        var topic = await NewTopicAsync(1);
        (await _shell.FeedAsync("0\n1\n2\n3\n4\n", "produce", topic)).AssertOk();
        Assert.Equal(["3", "4"], await ReadAsync(topic, "-o", "3"));
        Assert.Equal(["3", "4"], await ReadAsync(topic, "-o", "-2"));
        Assert.Equal(["0", "1", "2", "3", "4"], await ReadAsync(topic, "-o", "-100"));
        Assert.Empty(await ReadAsync(topic, "-o", "end"));
        Assert.Equal(["0", "1"], await ReadAsync(topic, "-c2"));
        Assert.Empty(await ReadAsync(topic, "-c0"));
        Assert.Equal(["0", "1", "2", "3", "4"], await ReadAsync(topic, "-os@1"));
        Assert.Empty(await ReadAsync(topic, "-os@1", "-oe@2"));
        (await _shell.RunAsync("consume", topic, "-e", "-o", "6")).AssertFailed(1, "OFFSET_OUT_OF_RANGE");
        (await _shell.RunAsync("consume", topic, "-e", "-p", "1")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        (await _shell.RunAsync("consume", "no-such-topic", "-e")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
    }

    [Fact]
    public async Task A_partition_that_is_added_while_a_topic_is_followed_is_read_from_its_first_record()
    {
        var topic = await NewTopicAsync(1);
        using var hasty = new Shell(node.Url) { Time = new Hasty(PartitionWatch.Interval) };
        var consuming = hasty.RunAsync("consume", topic, "-c", "2", "-f", "%p %s\\n");
        (await _shell.FeedAsync("a\n", "produce", topic, "-p", "0")).AssertOk();
        (await _shell.RunAsync("topic", "add-partitions", topic, "--num", "1")).AssertOk();
        (await _shell.FeedAsync("b\n", "produce", topic, "-p", "1")).AssertOk();
        Assert.Equal(["0 a", "1 b"], (await consuming).AssertOk().Lines.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task JSON_output_is_one_complete_document_even_without_records()
    {
        var topic = await NewTopicAsync(1);
        Assert.Equal("[\n]\n", (await _shell.RunAsync("consume", topic, "-e", "--output", "json")).AssertOk().Output);
        (await _shell.FeedAsync("0\n1\n", "produce", topic)).AssertOk();
        var document = (await _shell.RunAsync("consume", topic, "-e", "--output", "json")).AssertOk().Output;
        Assert.Equal(2, System.Text.Json.Nodes.JsonNode.Parse(document)!.AsArray().Count);
    }

    [Fact]
    public async Task Files_are_read_line_by_line_or_whole()
    {
        var topic = await NewTopicAsync(1);
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "lines");
        await File.WriteAllTextAsync(file, "a\nb\n");
        (await _shell.FeedAsync("stdin\n", "produce", topic, "-l", file, "-l", "-", "--file", file)).AssertOk();
        Assert.Equal("a\0b\0stdin\0a\nb\n\0", (await _shell.RunAsync("consume", topic, "-e", "-D", "\\0")).AssertOk().Output);
        (await _shell.RunAsync("produce", topic, "-l", file + "x")).AssertFailed(3, "FILE_NOT_FOUND");
        Assert.Equal("a\nb\n", (await _shell.RunAsync("produce", topic, "-T", "-l", file)).AssertOk().Output);
    }

    [Fact]
    public async Task A_record_that_is_too_large_stops_the_input_after_those_before_it()
    {
        var topic = await NewTopicAsync(1);
        (await _shell.RunAsync("topic", "alter", topic, "--set", "max.message.bytes=1000")).AssertOk();
        var outcome = await _shell.FeedAsync($"a\nb\n{new string('x', 950)}\nc\n", "produce", topic);
        outcome.AssertFailed(1, "MESSAGE_TOO_LARGE");
        Assert.Contains("Record 3 ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("2 records were acknowledged; the first 2 ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["a", "b"], await ReadAsync(topic));
        (await _shell.FeedAsync($"a\n{new string('x', 5000)}", "produce", topic)).AssertFailed(1, "MESSAGE_TOO_LARGE");
    }

    [Fact]
    public async Task Counts_are_printed_only_to_a_terminal_or_on_request()
    {
        var topic = await NewTopicAsync(1);
        Assert.Equal("", (await _shell.FeedAsync("a\n", "produce", topic)).Error);
        Assert.Contains("2 records were acknowledged", (await _shell.FeedAsync("a\nb\n", "produce", topic, "-v")).Error,
            StringComparison.Ordinal);
        _shell.IsTty = true;
        Assert.Contains("1 records were acknowledged", (await _shell.FeedAsync("a\n", "produce", topic)).Error, StringComparison.Ordinal);
        Assert.Equal("", (await _shell.FeedAsync("a\n", "produce", topic, "-q")).Error);
    }

    [Theory]
    [InlineData("all")]
    [InlineData("1")]
    [InlineData("0")]
    public async Task Bench_reports_every_record_and_deletes_its_topic(string acks)
    {
        var json = (await _shell.RunAsync(
            "bench", "-n", "1000", "--size", "100", "--batch", "30", "-p", "3", "-a", acks, "--output", "json")).AssertOk().Output;
        var report = System.Text.Json.Nodes.JsonNode.Parse(json)!;
        Assert.Equal((1000, 34), ((int)report["produce"]!["records"]!, (int)report["produce"]!["requests"]!));
        Assert.True(acks == "0" || (int)report["consume"]!["records"]! == 1000);
        var latency = report["produce"]!["request_latency_ms"]!;
        Assert.True((double)latency["p50"]! <= (double)latency["p99_9"]! && (double)latency["p99_9"]! <= (double)latency["max"]!);
        Assert.DoesNotContain((string)report["topic"]!, (await _shell.RunAsync("topic", "list")).Lines);
    }

    [Fact]
    public async Task Empty_values_are_values()
    {
        var topic = await NewTopicAsync(1);
        (await _shell.FeedAsync("a\nb\n", "produce", topic, "-k", "")).AssertOk();
        (await _shell.FeedAsync("c\n", "produce", topic, "--key=")).AssertOk();
        Assert.Equal(["0 a", "0 b", "0 c"], await ReadAsync(topic, "-f", "%K %s\\n"));
        Assert.Equal("abc", (await _shell.RunAsync("consume", topic, "-e", "-D", "")).AssertOk().Output);
        Assert.Equal("abc", (await _shell.RunAsync("consume", topic, "-e", "-K", "", "--delimiter=")).AssertOk().Output);
        Assert.Equal("", (await _shell.RunAsync("consume", topic, "-e", "-f", "")).AssertOk().Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_topic_is_copied_exactly_by_its_lines_of_JSON(bool byHttp)
    {
        var (source, copy) = (await NewTopicAsync(3), await NewTopicAsync(3));
        const string Records = """
            {"value":"text","key":"k","partition":0,"timestamp":5,"headers":[{"name":"a","value":"1"},{"name":"a","value":null},{"name":"","value":{"type":"binary","data":"/w=="}}]}
            {"value":{"type":"binary","data":"/wA="},"key":{"data":"/v8=","type":"binary"},"partition":1,"timestamp":"2026-01-31T12:00:00Z"}
            {"value":null,"key":"","partition":1}

            {"value":"","partition":2}
            {"value":"{\"type\":\"binary\",\"data\":\"/w==\"}","partition":2,"topic_name":"elsewhere","offset":77}
            {"value":{"a": [1, "\u00e4"]},"partition":2}
            {"value":"line\nwith \u2028 and \ud83d\ude00","partition":2}
            """;
        (await _shell.FeedAsync(Records, "produce", source, "--from", "ndjson")).AssertOk();
        var lines = (await _shell.RunAsync("consume", source, "-e", "--output", "ndjson")).AssertOk().Output;
        Assert.Equal(7, lines.Count(character => character == '\n'));
        if (byHttp)
        {
            using var http = new HttpClient { BaseAddress = node.Url };
            using var content = new StringContent(lines, Encoding.UTF8, "application/x-ndjson");
            using var response = await http.PostAsync($"v1/topics/{copy}/records", content);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }
        else
        {
            (await _shell.FeedAsync(lines, "produce", copy, "--from", "ndjson")).AssertOk();
        }

        for (var partition = 0; partition < 3; partition++)
        {
            Assert.Equal(
                (await _shell.RunAsync("consume", source, "-e", "-p", $"{partition}", "--output", "ndjson")).AssertOk().Output,
                (await _shell.RunAsync("consume", copy, "-e", "-p", $"{partition}", "--output", "ndjson")).AssertOk().Output);
        }
    }

    [Theory]
    [InlineData("{\"value\":1}\n{\"key\":1}", "Line 2 is no record. A record has the member value")]
    [InlineData("{\"value\":1", "Line 1 is no record. It is no JSON")]
    [InlineData("[]", "Line 1 is no record. A record is a JSON object.")]
    [InlineData("{\"value\":1,\"value\":2}", "Line 1 is no record. It is no JSON")]
    [InlineData("{\"value\":1,\"vlaue\":2}", "Line 1 is no record. A record has only the members")]
    [InlineData("{\"value\":1,\"partition\":1}", "Record 1 names partition 1, and topic")]
    public async Task A_line_that_is_no_record_ends_the_input(string input, string expected)
    {
        var topic = await NewTopicAsync(1);
        var outcome = await _shell.FeedAsync(input, "produce", topic, "--from", "ndjson");
        Assert.NotEqual(0, outcome.Exit);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_have_the_same_flag_when_a_topic_is_made_and_when_it_is_changed()
    {
        foreach (var flag in new[] { "--config", "-c", "--set" })
        {
            var topic = node.NewTopicName();
            (await _shell.RunAsync("topic", "create", topic, flag, "retention.ms=1000")).AssertOk();
            var altered = (await _shell.RunAsync("topic", "alter", topic, flag, "retention.ms=2000", "-o", "ndjson")).AssertOk();
            Assert.Contains(altered.Lines, line => line.Contains("\"retention.ms\",\"value\":\"2000\"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_pattern_that_matches_no_topic_is_told()
    {
        var outcome = await _shell.RunAsync("consume", "-g", "pattern", "--pattern", "no-such-.*", "-e");
        outcome.AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        Assert.Contains("No topic matches the pattern no-such-.*.", outcome.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _shell.Dispose();

    /// <summary>The system's time, but one kind of wait is over soon.</summary>
    private sealed class Hasty(TimeSpan wait) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == wait ? TimeSpan.FromMilliseconds(20) : dueTime, period);
    }

    private async Task<string> NewTopicAsync(int partitions)
    {
        var topic = node.NewTopicName();
        (await _shell.RunAsync("topic", "create", topic, "-p", $"{partitions}")).AssertOk();
        return topic;
    }

    private async Task<string[]> ReadAsync(string topic, params string[] options) =>
        (await _shell.RunAsync(["consume", topic, "-e", .. options])).AssertOk().Lines;
}
