using Loire.Silo.Tests;

namespace Loire.Cli.Tests;

/// <summary>The real program between real pipes, with real signals and nodes that really die.</summary>
[Collection(nameof(WithNode))]
public sealed class ProcessTests(NodeFixture node) : IDisposable
{
    private readonly Shell _shell = new(node.Url);

    [Fact]
    public async Task A_pipe_that_closes_early_ends_the_consumer_quietly()
    {
        var topic = await NewTopicAsync();
        (await _shell.FeedAsync(string.Concat(Enumerable.Range(0, 100_000).Select(i => $"record {i}\n")), "produce", topic)).AssertOk();
        using var bash = LoireProcess.Bash(node.Url, $"loire consume {topic} | head -n 2");
        Assert.Equal("record 0\nrecord 1\n", await bash.ReadToEndAsync());
        Assert.Equal(0, await bash.WaitForExitAsync());
        Assert.Equal("", bash.Error.Trim());
    }

    [Fact]
    public async Task Records_flow_from_pipe_to_pipe()
    {
        var topic = await NewTopicAsync();
        using var bash = LoireProcess.Bash(
            node.Url, $"seq 1 50000 | loire produce {topic} && loire consume {topic} -e | cmp - <(seq 1 50000) && echo same");
        Assert.Equal("same\n", await bash.ReadToEndAsync());
        Assert.Equal(0, await bash.WaitForExitAsync());
    }

    [Fact]
    public async Task Two_commands_that_share_a_file_append_to_it()
    {
        var topic = await NewTopicAsync();
        (await _shell.FeedAsync("a\nb\n", "produce", topic)).AssertOk();
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "out");
        using var bash = LoireProcess.Bash(node.Url, $"(loire consume {topic} -e; echo between; loire consume {topic} -e) > {file}");
        Assert.Equal(0, await bash.WaitForExitAsync());
        Assert.Equal("a\nb\nbetween\na\nb\n", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task Single_records_are_sent_at_once_and_Ctrl_C_ends_tail_and_produce_with_0()
    {
        var topic = await NewTopicAsync();
        using var tail = LoireProcess.Start(node.Url, "tail", topic, "-n", "1000");
        using var produce = LoireProcess.Start(node.Url, "produce", topic);
        foreach (var line in new[] { "one", "two", "three" })
        {
            await produce.Input.WriteLineAsync(line);
            await produce.Input.FlushAsync();
            Assert.Equal(line, await tail.ReadLineAsync());
        }

        tail.PressCtrlC();
        produce.PressCtrlC();
        Assert.Equal((0, 0), (await tail.WaitForExitAsync(), await produce.WaitForExitAsync()));
        Assert.Equal(("", ""), (tail.Error.Trim(), produce.Error.Trim()));
    }

    [Fact]
    public async Task A_signal_sent_twice_still_completes_the_document()
    {
        var topic = await NewTopicAsync();
        using var consumer = LoireProcess.Start(node.Url, "consume", topic, "--output", "json");
        Assert.Equal("[", await consumer.ReadLineAsync());
        consumer.PressCtrlC();
        consumer.PressCtrlC();
        Assert.Equal("]\n", await consumer.ReadToEndAsync());
        Assert.Equal(0, await consumer.WaitForExitAsync());
    }

    [Fact]
    public async Task Errors_of_the_process_are_one_line_and_an_exit_code()
    {
        using var process = LoireProcess.Start(node.Url, "topic", "describe", "no-such-topic");
        Assert.Equal("", await process.ReadToEndAsync());
        Assert.Equal(3, await process.WaitForExitAsync());
        Assert.StartsWith("loire: UNKNOWN_TOPIC_OR_PARTITION: ", process.Error, StringComparison.Ordinal);
        Assert.Single(process.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_consumer_survives_a_killed_node_without_a_gap_or_a_duplicate()
    {
        using var data = new TemporaryDirectory();
        var first = await NodeProcess.StartAsync(data.Path);
        using var shell = new Shell(first.Url);
        (await shell.RunAsync("topic", "create", "t", "-p", "3")).AssertOk();
        using var consumer = LoireProcess.Start(first.Url, "consume", "t", "-f", "%p %o %s\\n");
        var lines = new List<string>();
        async Task ReadAsync(int count)
        {
            while (lines.Count < count)
            {
                lines.Add(await consumer.ReadLineAsync() ?? throw new InvalidOperationException(consumer.Error));
            }
        }

        var keyed = Enumerable.Range(0, 3000).Select(i => $"{i % 10}:{i}").ToArray();
        (await shell.FeedAsync(string.Join('\n', keyed[..1000]), "produce", "t", "-K:")).AssertOk();
        await ReadAsync(1000);
        await first.KillAsync();
        (await shell.FeedAsync("lost\n", "produce", "t")).AssertFailed(1, "BROKER_NOT_AVAILABLE");

        await using var second = await NodeProcess.StartAtAsync(first.Url.ToString(), data.Path);
        (await shell.FeedAsync(string.Join('\n', keyed[1000..2000]), "produce", "t", "-K:")).AssertOk();
        await ReadAsync(1500);
        Assert.Equal(0, await second.StopAsync());

        await using var third = await NodeProcess.StartAtAsync(first.Url.ToString(), data.Path);
        (await shell.FeedAsync(string.Join('\n', keyed[2000..]), "produce", "t", "-K:")).AssertOk();
        await ReadAsync(3000);
        consumer.PressCtrlC();
        Assert.Equal(0, await consumer.WaitForExitAsync());
        Assert.Null(await consumer.ReadLineAsync());

        var records = lines.Select(line => line.Split(' '))
            .ToLookup(fields => fields[0], fields => (Offset: long.Parse(fields[1]), Value: int.Parse(fields[2])));
        Assert.Equal(Enumerable.Range(0, 3000), records.SelectMany(partition => partition).Select(record => record.Value).Order());
        Assert.All(records, partition =>
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(i => (long)i), partition.Select(record => record.Offset)));
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_consumer_gives_up_at_its_timeout_and_reports_its_offset()
    {
        using var data = new TemporaryDirectory();
        await using var doomed = await NodeProcess.StartAsync(data.Path);
        using var shell = new Shell(doomed.Url);
        (await shell.RunAsync("topic", "create", "t", "-p", "1")).AssertOk();
        (await shell.FeedAsync("a\nb\n", "produce", "t")).AssertOk();
        using var consumer = LoireProcess.Start(doomed.Url, "consume", "t", "--retry-timeout", "0.1");
        Assert.Equal(("a", "b"), (await consumer.ReadLineAsync(), await consumer.ReadLineAsync()));
        await doomed.KillAsync();
        Assert.Equal(4, await consumer.WaitForExitAsync());
        Assert.Contains("the next offset of partition 0 is 2.", consumer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_producer_that_loses_its_node_reports_exactly_what_was_acknowledged()
    {
        using var data = new TemporaryDirectory();
        var first = await NodeProcess.StartAsync(data.Path);
        using var shell = new Shell(first.Url);
        (await shell.RunAsync("topic", "create", "t", "-p", "1")).AssertOk();
        using var producer = LoireProcess.Start(first.Url, "produce", "t");
        var fed = 0L;
        var feeding = Task.Run(async () =>
        {
            try
            {
                for (; ; fed++)
                {
                    await producer.Input.WriteLineAsync($"{fed}");
                }
            }
            catch (IOException)
            {
                // The producer has ended.
            }
        });
        using var tail = LoireProcess.Start(first.Url, "consume", "t", "-c", "20000");
        await tail.ReadToEndAsync();
        await first.KillAsync();
        Assert.Equal(1, await producer.WaitForExitAsync());
        await feeding;

        var words = producer.Error.Split(' ');
        var acknowledged = long.Parse(words[Array.IndexOf(words, "records") - 1]);
        var unanswered = producer.Error.Contains("more were sent", StringComparison.Ordinal)
            ? long.Parse(words[Array.IndexOf(words, "more") - 1]) : 0;
        await using var second = await NodeProcess.StartAtAsync(first.Url.ToString(), data.Path);
        var stored = (await shell.RunAsync("consume", "t", "-e")).AssertOk().Lines;
        Assert.InRange(stored.Length, acknowledged, acknowledged + unanswered);
        Assert.InRange(acknowledged, 20_000, fed);
        Assert.Equal(Enumerable.Range(0, stored.Length).Select(i => $"{i}"), stored);
        await first.DisposeAsync();
    }

    public void Dispose() => _shell.Dispose();

    private async Task<string> NewTopicAsync()
    {
        var topic = node.NewTopicName();
        (await _shell.RunAsync("topic", "create", topic, "-p", "1")).AssertOk();
        return topic;
    }
}
