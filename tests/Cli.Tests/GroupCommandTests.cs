using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Loire.Cli.Tests;

[Collection(nameof(WithNode))]
public sealed class GroupCommandTests(NodeFixture node) : IDisposable
{
    private readonly Shell _shell = new(node.Url);

    [Fact]
    public async Task A_group_is_listed_described_and_deleted()
    {
        var (group, topic) = await CreateAsync(2, 1);
        Assert.Contains(group, (await _shell.RunAsync("group", "list")).AssertOk().Lines);
        Assert.Contains($"{{\"group_id\":\"{group}\"}}", (await _shell.RunAsync("group", "ls", "-o", "ndjson")).AssertOk().Lines);

        var described = JsonNode.Parse((await _shell.RunAsync("group", "describe", group, "-o", "json")).AssertOk().Output)!;
        Assert.Equal(("EMPTY", 0), ((string?)described["phase"], described["members"]!.AsArray().Count));
        Assert.Equal([1L, 2L], described["offsets"]!.AsArray().Select(row => (long)row!["lag"]!));
        var lines = (await _shell.RunAsync("group", "describe", group)).AssertOk().Lines;
        Assert.Equal("TOPIC_NAME  PARTITION  OFFSET  LOG_END_OFFSET  LAG  MEMBER_ID".Split(' ', StringSplitOptions.RemoveEmptyEntries),
            lines[^3].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal([topic, "1", "1", "3", "2", "-"], lines[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries));

        (await _shell.FeedAsync("y\n", "group", "delete", group)).AssertFailed(2, "USAGE");
        (await _shell.RunAsync("group", "delete", group, "--yes")).AssertOk();
        (await _shell.RunAsync("group", "describe", group)).AssertFailed(3, "GROUP_ID_NOT_FOUND");
        (await _shell.RunAsync("group", "lag", group)).AssertFailed(3, "GROUP_ID_NOT_FOUND");
        (await _shell.RunAsync("group", "delete", group, "--yes")).AssertFailed(3, "GROUP_ID_NOT_FOUND");
        (await _shell.RunAsync("group", "delete", group, "--yes", "--if-exists")).AssertOk();
        Assert.DoesNotContain(group, (await _shell.RunAsync("group", "list")).AssertOk().Lines);
    }

    [Fact]
    public async Task Lag_shows_offsets_ends_and_lags()
    {
        var (group, topic) = await CreateAsync(2, 1);
        var rows = (await _shell.RunAsync("group", "lag", group, "-o", "ndjson")).AssertOk().Lines;
        Assert.Equal(2, rows.Length);
        var row = JsonNode.Parse(rows[0])!;
        Assert.Equal(
            (topic, 2L, 3L, 1L), ((string?)row["topic_name"], (long)row["offset"]!, (long)row["log_end_offset"]!, (long)row["lag"]!));
        Assert.Empty((await _shell.RunAsync("group", "lag", group, "-t", "another", "-o", "ndjson")).AssertOk().Lines);
        var none = (await _shell.RunAsync("group", "lag", group, "-t", "another")).AssertOk();
        Assert.Equal("TOPIC_NAME  PARTITION  OFFSET  LOG_END_OFFSET  LAG\n", none.Output);
    }

    [Theory]
    [InlineData("--to-earliest", "0 0")]
    [InlineData("--to-latest", "3 3")]
    [InlineData("--to-offset 1", "1 1")]
    [InlineData("--to-offset 99", "3 3")]
    [InlineData("--shift-by 1", "3 2")]
    [InlineData("--shift-by -1", "1 0")]
    [InlineData("--to-time 1", "0 0")]
    [InlineData("--to-time 9999-01-01T00:00:00Z", "3 3")]
    [InlineData("--to-earliest --topic TOPIC:1", "2 0")]
    [InlineData("--to-earliest --topic TOPIC:0 --topic TOPIC:1", "0 0")]
    [InlineData("--to-latest --topic TOPIC", "3 3")]
    public async Task A_reset_only_shows_its_result_until_it_is_executed(string options, string expected)
    {
        var (group, topic) = await CreateAsync(2, 1);
        string[] line = ["group", "reset", group, .. options.Replace("TOPIC", topic, StringComparison.Ordinal).Split(' '), "-o", "ndjson"];
        var planned = (await _shell.RunAsync(line)).AssertOk();
        Assert.Equal("2 1", await OffsetsAsync(group));
        Assert.Equal(planned.Output, (await _shell.RunAsync([.. line, "--execute"])).AssertOk().Output);
        Assert.Equal(expected, await OffsetsAsync(group));
    }

    [Fact]
    public async Task A_dry_run_is_reported_as_such()
    {
        var (group, _) = await CreateAsync(2, 1);
        var planned = await _shell.RunAsync("group", "reset", group, "--to-earliest", "--verbose");
        Assert.Equal((0, "nothing was changed; --execute does it\n"), (planned.Exit, planned.Error));
        var done = await _shell.RunAsync("group", "reset", group, "--to-earliest", "--verbose", "--yes");
        Assert.Equal((0, $"reset 2 offsets of group {group}\n"), (done.Exit, done.Error));
        Assert.Equal(planned.Output, done.Output);
    }

    [Fact]
    public async Task A_refusal_has_Kafka_s_name_and_the_right_exit_code()
    {
        var (group, topic) = await CreateAsync(2, 1);
        (await _shell.RunAsync("group", "reset", "no-such-group", "--to-latest")).AssertFailed(3, "GROUP_ID_NOT_FOUND");
        foreach (var unknown in new[] { "no-such-topic", $"{topic}:7" })
        {
            (await _shell.RunAsync("group", "reset", group, "--to-latest", "-t", unknown)).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        }

        (await _shell.RunAsync("group", "describe", "no/such group%")).AssertFailed(3, "GROUP_ID_NOT_FOUND");
    }

    [Fact]
    public async Task Single_offsets_are_deleted_by_topic_or_partition()
    {
        var (group, topic) = await CreateAsync(2, 1);
        (await _shell.FeedAsync("y\n", "group", "delete-offsets", group, "-t", topic)).AssertFailed(2, "USAGE");
        (await _shell.RunAsync("group", "delete-offsets", group, "-t", "another", "--yes")).AssertOk();
        Assert.Equal("2 1", await OffsetsAsync(group));
        var told = await _shell.RunAsync("group", "delete-offsets", group, "-t", $"{topic}:0", "--yes", "-v");
        Assert.Equal((0, $"deleted 1 offsets of group {group}\n"), (told.Exit, told.Error));
        Assert.Equal("1", await OffsetsAsync(group));
        (await _shell.RunAsync("group", "delete-offsets", group, "-t", topic, "--yes")).AssertOk();
        Assert.Equal("", await OffsetsAsync(group));
        (await _shell.RunAsync("group", "delete-offsets", "no-such-group", "-t", topic, "--yes")).AssertFailed(3, "GROUP_ID_NOT_FOUND");
    }

    [Theory]
    [InlineData("group delete-offsets g --yes", "no topic")]
    [InlineData("group delete-offsets g --yes -t t:", "no partition to delete")]
    [InlineData("group reset g", "no place to go to")]
    [InlineData("group reset g --to-earliest --to-latest", "two places")]
    [InlineData("group reset g --to-offset -1", "a negative offset")]
    [InlineData("group reset g --to-offset x", "no offset")]
    [InlineData("group reset g --to-time yesterday", "no moment")]
    [InlineData("group reset g --shift-by x", "no number")]
    [InlineData("group reset g --to-latest --topic t:", "no partition")]
    [InlineData("group reset g --to-latest --topic t:x", "no number of a partition")]
    [InlineData("group reset g --to-latest --topic t:0,0", "a partition twice")]
    [InlineData("group reset g --to-latest --topic t --topic t:0", "a topic twice")]
    [InlineData("group reset g --to-latest --topic a/b", "no topic name")]
    [InlineData("group describe ..", "an id that cannot be asked for")]
    [InlineData("group lag", "no group")]
    [InlineData("group", "no command")]
    public async Task A_wrong_command_line_is_exit_code_2_and_one_line(string line, string reason)
    {
        using var shell = new Shell(new Uri("http://127.0.0.1:1"));
        var outcome = await shell.RunAsync(line.Split(' '));
        Assert.True(outcome.Exit == 2, $"{reason}: {outcome}");
        Assert.Equal((1, ""), (outcome.Error.Count(character => character == '\n'), outcome.Output));
    }

    public void Dispose() => _shell.Dispose();

    // A topic with two partitions of three records, and a group with these offsets.
    private async Task<(string Group, string Topic)> CreateAsync(long first, long second)
    {
        var topic = node.NewTopicName();
        var group = $"group/of {topic}";
        (await _shell.RunAsync("topic", "create", topic, "-p", "2")).AssertOk();
        (await _shell.FeedAsync("a\nb\nc\n", "produce", topic, "-p", "0")).AssertOk();
        (await _shell.FeedAsync("a\nb\nc\n", "produce", topic, "-p", "1")).AssertOk();
        var body = new JsonObject
        {
            ["offsets"] = new JsonArray(
                new JsonObject { ["topic_name"] = topic, ["partition"] = 0, ["offset"] = first },
                new JsonObject { ["topic_name"] = topic, ["partition"] = 1, ["offset"] = second }),
        };
        using var http = new HttpClient { BaseAddress = node.Url };
        using var content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json"));
        using var answer = await http.PutAsync($"v1/groups/{Uri.EscapeDataString(group)}/offsets", content);
        answer.EnsureSuccessStatusCode();
        return (group, topic);
    }

    private async Task<string> OffsetsAsync(string group)
    {
        var rows = (await _shell.RunAsync("group", "lag", group, "-o", "ndjson")).AssertOk().Lines;
        return string.Join(' ', rows.Select(row => (long)JsonNode.Parse(row)!["offset"]!));
    }
}
