using System.Text.Json.Nodes;

namespace Loire.Cli.Tests;

[Collection(nameof(WithNode))]
public sealed class TopicCommandTests(NodeFixture node) : IDisposable
{
    private readonly Shell _shell = new(node.Url);

    [Fact]
    public async Task A_topic_is_created_altered_and_deleted()
    {
        var topic = node.NewTopicName();
        var created = Json(await _shell.RunAsync("topic", "create", topic, "-p", "2", "--config", "retention.ms=1000", "-o", "json"));
        Assert.Equal((topic, 2), ((string?)created["topic_name"], (int?)created["partitions_count"]));
        Assert.Contains($"{{\"topic_name\":\"{topic}\"}}", (await _shell.RunAsync("topic", "list", "-o", "ndjson")).AssertOk().Lines);
        Assert.Contains(topic, (await _shell.RunAsync("topic", "list")).AssertOk().Lines);

        (await _shell.RunAsync("topic", "alter", topic, "--set", "max.message.bytes=2000", "--reset", "retention.ms")).AssertOk();
        Assert.Equal(3, (int?)Json(await _shell.RunAsync("topic", "add-partitions", topic, "--num", "1", "-o", "ndjson"))[
            "partitions_count"]);
        (await _shell.FeedAsync("a\nb\n", "produce", topic, "-p", "1")).AssertOk();

        var described = Json(await _shell.RunAsync("topic", "describe", topic, "-o", "json"));
        Assert.Equal([0, 2, 0], described["partitions"]!.AsArray().Select(partition => (int)partition!["records"]!));
        var configs = described["configs"]!.AsArray().ToDictionary(config => (string)config!["name"]!, config => (string?)config!["value"]);
        Assert.Equal(("2000", "604800000"), (configs["max.message.bytes"], configs["retention.ms"]));
        var table = (await _shell.RunAsync("topic", "describe", topic)).AssertOk().Output;
        Assert.Matches(@"NAME +VALUE +DEFAULT +SOURCE +EFFECTIVE", table);
        Assert.Matches(@"max\.message\.bytes +2000 +1048588 +DYNAMIC_TOPIC_CONFIG +yes", table);
        Assert.Matches(@"flush\.messages +9223372036854775807 +9223372036854775807 +DEFAULT_CONFIG +no", table);

        (await _shell.RunAsync("topic", "delete", topic, "--yes")).AssertOk();
        (await _shell.RunAsync("topic", "describe", topic)).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
    }

    [Fact]
    public async Task The_logs_of_partitions_are_described_as_they_were_reported()
    {
        const string Offsets = """{"partition":0,"log_start_offset":5,"last_stable_offset":9,"high_watermark":9,"log_end_offset":9}""";
        await using var scripted = new ScriptedNode(new Dictionary<string, string>
        {
            ["/v1/topics/t"] = """{"topic_name":"t","topic_id":"i","partitions_count":2,"replication_factor":1,"log":{"size_bytes":700}}""",
            ["/v1/topics/t/configs"] = "[]",
            ["/v1/topics/t/partitions"] =
                """
                [{"partition":0,"log":{"size_bytes":700,"oldest_timestamp":1767225600000,"reported_at":1767229200000,"retention_due_at":1767830400001,"retention_due_reason":"AGE"}},
                {"partition":1}]
                """,
            ["/v1/topics/t/partitions/0/offsets"] = Offsets,
            ["/v1/topics/t/partitions/1/offsets"] = Offsets.Replace("\"partition\":0", "\"partition\":1", StringComparison.Ordinal),
        });
        using var shell = new Shell(scripted.Url);
        var lines = (await shell.RunAsync("topic", "describe", "t")).AssertOk().Lines;
        Assert.Contains("size_bytes          700", lines);
        Assert.Contains(lines, line => line.EndsWith("SIZE_BYTES  OLDEST                REPORTED              RETENTION_DUE         REASON", StringComparison.Ordinal));
        Assert.Contains(
            lines, line => line.EndsWith("700  2026-01-01T00:00:00Z  2026-01-01T01:00:00Z  2026-01-08T00:00:00Z  age", StringComparison.Ordinal));
        var partitions = Json(await shell.RunAsync("topic", "describe", "t", "-o", "json"))["partitions"]!.AsArray();
        Assert.Equal((700, null), ((int?)partitions[0]!["log"]!["size_bytes"], partitions[1]!["log"]));
    }

    [Fact]
    public async Task The_last_record_of_a_key_is_shown_or_its_value_written()
    {
        var topic = node.NewTopicName();
        (await _shell.RunAsync("topic", "create", topic, "-p", "3", "--config", "cleanup.policy=compact")).AssertOk();
        (await _shell.FeedAsync("a:1\nb/c:2\na:3\n", "produce", topic, "-K", ":")).AssertOk();
        var shown = Json(await _shell.RunAsync("topic", "get", topic, "a", "-o", "json"));
        Assert.Equal(("a", "3"), ((string?)shown["key"], (string?)shown["value"]));
        Assert.Matches("(?m)^value +3$", (await _shell.RunAsync("topic", "get", topic, "a")).AssertOk().Output);
        Assert.Equal("2", (await _shell.RunAsync("topic", "get", topic, "b/c", "--value")).AssertOk().Output);
        (await _shell.RunAsync("topic", "get", topic, "none")).AssertFailed(3, "RESOURCE_NOT_FOUND");
        (await _shell.RunAsync("topic", "get", topic, "a", "-p", "7")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        (await _shell.RunAsync("topic", "get", topic, "")).AssertFailed(2, "USAGE");
    }

    [Fact]
    public async Task The_oldest_records_of_a_topic_are_trimmed_once_that_is_confirmed()
    {
        var topic = node.NewTopicName();
        (await _shell.RunAsync("topic", "create", topic, "-p", "2")).AssertOk();
        (await _shell.FeedAsync("a\nb\nc\n", "produce", topic, "-p", "1")).AssertOk();
        var shown = Json(await _shell.RunAsync("topic", "trim", topic, "--before-offset", "2", "-p", "1", "-o", "ndjson"));
        Assert.Equal(2, (int?)shown["log_start_offset"]);
        Assert.Equal("0", Starts(await _shell.RunAsync("offsets", topic, "-p", "1", "-o", "ndjson")));
        var trimmed = Json(await _shell.RunAsync("topic", "trim", topic, "--before-offset", "2", "-p", "1", "--execute", "-o", "ndjson"));
        Assert.Equal((0, 2), ((int?)trimmed["old_log_start_offset"], (int?)trimmed["log_start_offset"]));
        Assert.Equal("2", Starts(await _shell.RunAsync("offsets", topic, "-p", "1", "-o", "ndjson")));
        (await _shell.RunAsync("topic", "trim", topic, "--before-offset", "4", "--execute")).AssertFailed(1, "OFFSET_OUT_OF_RANGE");
        (await _shell.RunAsync("topic", "trim", topic, "--all", "--before-time", "-1h")).AssertFailed(2, "USAGE");
        (await _shell.RunAsync("topic", "trim", topic)).AssertFailed(2, "USAGE");
        (await _shell.RunAsync("topic", "trim", topic, "--all", "--yes")).AssertOk();
        Assert.Equal("3", Starts(await _shell.RunAsync("offsets", topic, "-p", "1", "-o", "ndjson")));

        static string Starts(Outcome offsets) => Json(offsets)["log_start_offset"]!.ToString();
    }

    [Fact]
    public async Task A_refusal_has_Kafka_s_name_and_the_right_exit_code()
    {
        var topic = node.NewTopicName();
        (await _shell.RunAsync("topic", "create", topic)).AssertOk();
        (await _shell.RunAsync("topic", "create", topic)).AssertFailed(1, "TOPIC_ALREADY_EXISTS");
        (await _shell.RunAsync("topic", "create", topic, "--if-not-exists")).AssertOk();
        (await _shell.RunAsync("topic", "create", topic + "x", "-p", "-5")).AssertFailed(1, "INVALID_PARTITIONS");
        (await _shell.RunAsync("topic", "create", topic + "x", "--config", "no.such=1")).AssertFailed(1, "INVALID_CONFIG");
        (await _shell.RunAsync("topic", "add-partitions", topic, "--total", "1")).AssertFailed(1, "INVALID_PARTITIONS");
        (await _shell.RunAsync("offsets", "no-such-topic")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        (await _shell.RunAsync("offsets", topic, "-p", "7")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        (await _shell.RunAsync("topic", "delete", "no-such-topic", "--yes")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        (await _shell.RunAsync("topic", "delete", "no-such-topic", "--yes", "--if-exists")).AssertOk();
    }

    [Fact]
    public async Task Deleting_asks_on_a_terminal_and_needs_yes_in_a_script()
    {
        var topic = node.NewTopicName();
        (await _shell.RunAsync("topic", "create", topic)).AssertOk();
        (await _shell.FeedAsync("y\n", "topic", "delete", topic)).AssertFailed(2, "USAGE");

        _shell.IsTty = true;
        var refused = await _shell.FeedAsync("no\n", "topic", "delete", topic);
        Assert.Equal(1, refused.Exit);
        Assert.Contains("[y/N]", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await _shell.RunAsync("topic", "describe", topic)).Exit);
        Assert.Equal(0, (await _shell.FeedAsync("yes\n", "topic", "delete", topic)).Exit);
        Assert.Equal(3, (await _shell.RunAsync("topic", "describe", topic)).Exit);
    }

    [Fact]
    public async Task Offsets_shows_bounds_and_offsets_of_times()
    {
        var topic = node.NewTopicName();
        (await _shell.RunAsync("topic", "create", topic, "-p", "2")).AssertOk();
        (await _shell.FeedAsync("a\nb\nc\n", "produce", topic, "-p", "0")).AssertOk();
        var rows = (await _shell.RunAsync("offsets", topic, "-o", "ndjson")).AssertOk().Lines;
        Assert.Equal(
            """{"partition":0,"log_start_offset":0,"last_stable_offset":3,"high_watermark":3,"log_end_offset":3,"records":3}""", rows[0]);
        Assert.Equal(2, rows.Length);
        Assert.Equal(0, (int?)Json(await _shell.RunAsync("offsets", topic, "-p", "0", "--timestamp", "1", "-o", "ndjson"))["offset"]);
        Assert.Null(Json(await _shell.RunAsync("offsets", topic, "-p", "0", "--timestamp", "9999-01-01T00:00:00Z", "-o", "ndjson"))[
            "offset"]);
    }

    public void Dispose() => _shell.Dispose();

    private static JsonObject Json(Outcome outcome) => JsonNode.Parse(outcome.AssertOk().Output)!.AsObject();
}
