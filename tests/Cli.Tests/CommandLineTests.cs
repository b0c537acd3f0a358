using Loire.Model;

namespace Loire.Cli.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("nonsense", "an unknown command")]
    [InlineData("topic", "a group without a command")]
    [InlineData("topic create", "a missing argument")]
    [InlineData("topic list -o xml", "an unknown form")]
    [InlineData("topic create a/b", "a name that can be none")]
    [InlineData("topic create a -p x", "no number")]
    [InlineData("topic alter t", "nothing to change")]
    [InlineData("topic alter t --set x", "a setting without a value")]
    [InlineData("topic add-partitions t", "no number of partitions")]
    [InlineData("topic add-partitions t --num 1 --total 2", "two numbers of partitions")]
    [InlineData("consume", "no topic")]
    [InlineData("consume t -t t", "two topics")]
    [InlineData("consume t -o stored", "offsets that nobody stores")]
    [InlineData("consume t -c -1", "a negative count")]
    [InlineData("consume t -J -f %s", "two forms")]
    [InlineData("consume t -f %y", "an unknown token")]
    [InlineData("consume t --unknown", "an unknown option")]
    [InlineData("produce t --acks 2", "unknown acks")]
    [InlineData("produce t -z brotli", "an unknown codec")]
    [InlineData("bench --records 0", "no work")]
    [InlineData("bench --size 99999999 --batch 1000", "a batch that can never be sent")]
    [InlineData("topic list --timeout 0", "no time at all")]
    [InlineData("topic list --server ftp://x", "no address")]
    [InlineData("completion fish", "another shell")]
    public async Task A_wrong_command_line_is_exit_code_2_and_one_line(string line, string reason)
    {
        using var shell = new Shell(new Uri("http://127.0.0.1:1"));
        var outcome = await shell.RunAsync(line.Split(' '));
        Assert.True(outcome.Exit == 2, $"{reason}: {outcome}");
        Assert.Equal("", outcome.Output);
        Assert.Equal(1, outcome.Error.Count(character => character == '\n'));
    }

    [Theory]
    [InlineData("3")]
    [InlineData("UNKNOWN_TOPIC_OR_PARTITION")]
    [InlineData("unknown_topic_or_partition")]
    [InlineData("UnknownTopicOrPartition")]
    public async Task An_error_is_explained_by_number_or_name_without_a_node(string wanted)
    {
        using var shell = new Shell(new Uri("http://127.0.0.1:1"));
        var outcome = (await shell.RunAsync("errors", "explain", wanted, "-o", "ndjson")).AssertOk();
        Assert.StartsWith("""{"error_code":3,"code":"UNKNOWN_TOPIC_OR_PARTITION","retriable":true,""", outcome.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Negative_codes_and_unknown_ones_are_distinguished()
    {
        using var shell = new Shell();
        Assert.Contains("UNKNOWN_SERVER_ERROR", (await shell.RunAsync("errors", "explain", "-1")).AssertOk().Output,
            StringComparison.Ordinal);
        (await shell.RunAsync("errors", "explain", "9999")).AssertFailed(3, "RESOURCE_NOT_FOUND");
        Assert.Equal(ErrorCodes.All.Count, (await shell.RunAsync("errors", "list", "-o", "ndjson")).AssertOk().Lines.Length);
    }

    [Theory]
    [InlineData("loire top", "topic")]
    [InlineData("loire topic add", "add-partitions")]
    [InlineData("loire errors explain OFFSET_OUT", "OFFSET_OUT_OF_RANGE")]
    public async Task The_shell_can_query_completions(string line, string expected)
    {
        using var process = LoireProcess.Start(new Uri("http://127.0.0.1:1"), $"[suggest:{line.Length}]", line);
        var output = await process.ReadToEndAsync();
        Assert.Equal(0, await process.WaitForExitAsync());
        Assert.Contains(expected, output.Split('\n'));
    }

    [Fact]
    public async Task The_completion_script_completes()
    {
        const string Ask =
            """
            source <(loire completion bash)
            COMP_LINE='loire topic des' COMP_POINT=15 COMP_WORDS=(loire topic des) COMP_CWORD=2
            _loire
            echo "${COMPREPLY[@]}"
            """;
        using var process = LoireProcess.Bash(new Uri("http://127.0.0.1:1"), Ask);
        Assert.Equal("describe\n", await process.ReadToEndAsync());
        Assert.Equal(0, await process.WaitForExitAsync());
    }
}
