using System.Text.Json.Nodes;

namespace Loire.Cli.Tests;

/// <summary><c>loire consume -g</c> in this process, before a real node.</summary>
public sealed class GroupConsumeTests(NodeFixture node) : IClassFixture<NodeFixture>, IDisposable
{
    private readonly Shell _shell = new(node.Url);

    [Fact]
    public async Task A_group_continues_at_its_offsets_and_commits_exactly_what_was_written()
    {
        var (first, second) = (await NewTopicAsync(), await NewTopicAsync());
        (await _shell.FeedAsync("k:a\nb\nc\nd\n", "produce", first, "-p", "0", "-K:", "-H", "h=1")).AssertOk();
        Assert.Equal(["0 a k h=1", "1 b  h=1", "2 c  h=1"], await ReadAsync("-G", "g1", first, "-c3", "-f", "%o %s %k %h\\n"));
        Assert.Equal("3", await OffsetsAsync("g1"));

        (await _shell.FeedAsync("e\n", "produce", second, "-p", "1")).AssertOk();
        var rest = (await ReadAsync("-g", "g1", first, second, "-e", "--output", "ndjson")).Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(
            [$"{first} 0 3 d", $"{second} 1 0 e"],
            rest.Select(row => $"{row["topic_name"]} {row["partition"]} {row["offset"]} {row["value"]}").Order(StringComparer.Ordinal));
        Assert.All(rest, row => Assert.Null(row["key"]));
        var described = (await _shell.RunAsync("group", "describe", "g1", "-o", "json")).AssertOk();
        Assert.Equal("EMPTY", (string?)JsonNode.Parse(described.Output)!["phase"]);
    }

    [Fact]
    public async Task A_pattern_reads_all_topics_whose_whole_name_matches()
    {
        var (first, second) = (await NewTopicAsync(), await NewTopicAsync());
        (await _shell.FeedAsync("a\n", "produce", first)).AssertOk();
        (await _shell.FeedAsync("b\n", "produce", second)).AssertOk();
        var read = await ReadAsync("-g", "g2", "--pattern", $"{first}|{second}", "-e", "-f", "%t %s\\n");
        Assert.Equal([$"{first} a", $"{second} b"], read.Order(StringComparer.Ordinal));
        (await _shell.RunAsync("consume", "-g", "g2", "--pattern", "((", "-e")).AssertFailed(1, "INVALID_REGULAR_EXPRESSION");
    }

    [Fact]
    public async Task Without_committed_offsets_a_group_may_start_at_the_end_and_a_document_is_complete()
    {
        var topic = await NewTopicAsync();
        (await _shell.FeedAsync("a\n", "produce", topic)).AssertOk();
        var nothing = (await _shell.RunAsync("consume", "-g", "g3", topic, "-o", "end", "-e", "--output", "json")).AssertOk();
        Assert.Equal("[\n]\n", nothing.Output);
        (await _shell.RunAsync("consume", "-g", "g3", "no-such-topic", "-e")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
    }

    [Theory]
    [InlineData("consume a b", "several topics without a group")]
    [InlineData("consume --pattern a", "a pattern without a group")]
    [InlineData("consume -g g", "neither topics nor a pattern")]
    [InlineData("consume -g g a --pattern b", "both")]
    [InlineData("consume -g g a a", "a topic twice")]
    [InlineData("consume -g g a -p 0", "a partition")]
    [InlineData("consume -g g a -o 5", "an offset")]
    [InlineData("consume -g g a -o -5", "an offset before the end")]
    [InlineData("consume -g g a -o s@1", "a time")]
    [InlineData("consume -g g a -o beginning -o e@1", "a time to end at")]
    [InlineData("consume -g g a/b", "a name that is none")]
    [InlineData("consume -g .. a", "a group that cannot be named")]
    [InlineData("consume -g g a --max-poll-interval 0", "no interval")]
    [InlineData("consume a -o stored", "stored offsets without a group")]
    [InlineData("tail -g g a", "tail is no member")]
    public async Task A_wrong_command_line_is_exit_code_2_and_one_line(string line, string reason)
    {
        using var shell = new Shell(new Uri("http://127.0.0.1:1"));
        var outcome = await shell.RunAsync(line.Split(' '));
        Assert.True(outcome.Exit == 2, $"{reason}: {outcome}");
        Assert.Equal((1, ""), (outcome.Error.Count(character => character == '\n'), outcome.Output));
    }

    [Fact]
    public async Task An_unreachable_node_is_an_error_before_a_byte_is_written()
    {
        using var shell = new Shell(new Uri("http://127.0.0.1:1"));
        (await shell.RunAsync("consume", "-g", "g", "a")).AssertFailed(1, "BROKER_NOT_AVAILABLE");
    }

    public void Dispose() => _shell.Dispose();

    private async Task<string> NewTopicAsync()
    {
        var topic = node.NewTopicName();
        (await _shell.RunAsync("topic", "create", topic, "-p", "2")).AssertOk();
        return topic;
    }

    private async Task<string[]> ReadAsync(params string[] options) => (await _shell.RunAsync(["consume", .. options])).AssertOk().Lines;

    private async Task<string> OffsetsAsync(string group)
    {
        var rows = (await _shell.RunAsync("group", "lag", group, "-o", "ndjson")).AssertOk().Lines;
        return string.Join(' ', rows.Select(row => (long)JsonNode.Parse(row)!["offset"]!));
    }
}
