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
    [InlineData("produce t -z bogus", "There is no codec 'bogus'. Hint: --compression is none, gzip, snappy, lz4, zstd.")]
    [InlineData("bench -z 9", "There is no codec '9'. Hint: --compression is none, gzip, snappy, lz4, zstd.")]
    [InlineData("consume t -p x", "--partition must be a whole number, not 'x'.")]
    [InlineData("consume t -c x", "--count must be a whole number, not 'x'.")]
    [InlineData("topic list --timeout x", "--timeout must be a number, not 'x'.")]
    [InlineData("produce t -D {}", "-D must not be empty.")]
    [InlineData("produce t -K {}", "-K must not be empty.")]
    [InlineData("produce t --from ndjson -K :", "With --from ndjson each line says all of its record; --key-delimiter goes with text.")]
    public async Task A_wrong_value_is_told_in_words_of_the_command_line(string line, string expected)
    {
        using var shell = new Shell(new Uri("http://127.0.0.1:1"));
        var outcome = await shell.RunAsync(Array.ConvertAll(line.Split(' '), word => word.Replace("{}", "", StringComparison.Ordinal)));
        outcome.AssertFailed(2, "USAGE");
        Assert.StartsWith($"loire: USAGE: {expected}", outcome.Error, StringComparison.Ordinal);
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

    [Theory]
    [InlineData("consume")]
    [InlineData("topic", "create")]
    [InlineData("group", "reset")]
    public async Task Help_has_the_names_of_options_in_one_column_and_their_descriptions_in_another(params string[] command)
    {
        using var process = LoireProcess.Start(new Uri("http://127.0.0.1:1"), [.. command, "--help"]);
        var help = (await process.ReadToEndAsync()).Split('\n');
        Assert.Equal(0, await process.WaitForExitAsync());
        var options = help.Where(line => line.StartsWith("  -", StringComparison.Ordinal) || line.StartsWith("      --", StringComparison.Ordinal)).ToList();
        Assert.Contains(options, line => line.StartsWith("      --timeout <SECONDS> ", StringComparison.Ordinal));
        Assert.DoesNotContain(options, line => line.StartsWith("  --", StringComparison.Ordinal));
        var column = options[0].LastIndexOf("  ", StringComparison.Ordinal) + 2;
        Assert.All(options, line => Assert.Equal("  ", line[(column - 2)..column]));
        Assert.All(options, line => Assert.NotEqual(' ', line[column]));
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
