using System.Text.Json.Nodes;
using System.Threading.Channels;
using Loire.Silo.Tests;

namespace Loire.Cli.Tests;

/// <summary>Members of a group that are real processes: they share, they are killed, and those who read their output go away.</summary>
public sealed class GroupProcessTests(NodeFixture node) : IClassFixture<NodeFixture>, IDisposable
{
    private readonly Shell _shell = new(node.Url);

    [Fact]
    public async Task Two_consumers_share_a_topic_and_the_remaining_one_takes_over_the_partitions_of_the_other()
    {
        await CreateAsync("shared", "t1", partitions: 4);
        using var first = LoireProcess.Start(node.Url, "consume", "-g", "shared", "t1", "-f", "%p %s\\n");
        using var second = LoireProcess.Start(node.Url, "consume", "-g", "shared", "t1", "-f", "%p %s\\n");
        var (ofFirst, ofSecond) = (Collect(first), Collect(second));
        await Until(async () => (await AssignedAsync("shared")) == "2 2");
        await ProduceAsync("t1", 4, 0, 100);
        var (seenByFirst, seenBySecond) = (await TakeAsync(ofFirst, 200), await TakeAsync(ofSecond, 200));
        Assert.Equal(400, seenByFirst.Concat(seenBySecond).Distinct().Count());
        Assert.Equal((2, 2), (Partitions(seenByFirst), Partitions(seenBySecond)));

        first.PressCtrlC();
        Assert.Equal(0, await first.WaitForExitAsync());
        await ProduceAsync("t1", 4, 100, 50);
        var rest = await TakeAsync(ofSecond, 200);
        Assert.Equal((200, 4), (rest.Distinct().Count(), Partitions(rest)));
        Assert.Empty(rest.Intersect(seenByFirst.Concat(seenBySecond)));
        second.PressCtrlC();
        Assert.Equal(0, await second.WaitForExitAsync());
        Assert.Equal(("", ""), (first.Error.Trim(), second.Error.Trim()));
        Assert.Equal(["0", "0", "0", "0"], await LagsAsync("shared"));
    }

    [Fact]
    public async Task Records_that_a_killed_consumer_had_not_written_go_to_the_next_one()
    {
        await CreateAsync("killed", "t2", partitions: 2);
        await ProduceAsync("t2", 2, 0, 20_000);
        var seen = new List<string>();
        using (var doomed = LoireProcess.Start(node.Url, "consume", "-g", "killed", "t2", "-f", "%p %s\\n", "--max-poll-interval", "1.5"))
        {
            // Much more than a pipe holds: it dies while it writes.
            seen.Add((await doomed.ReadLineAsync())!);
            doomed.Kill();
            while (await doomed.ReadLineAsync() is { } line)
            {
                seen.Add(line);
            }
        }

        Assert.InRange(seen.Count, 1, 39_999);
        // It has not left; the group removes it because it requests no more records.
        using var next = LoireProcess.Start(node.Url, "consume", "-g", "killed", "t2", "-f", "%p %s\\n");
        var lines = Collect(next);
        var all = seen.ToHashSet();
        while (all.Count < 40_000)
        {
            all.UnionWith(await TakeAsync(lines, 1));
        }

        next.PressCtrlC();
        Assert.Equal(0, await next.WaitForExitAsync());
        Assert.Equal(["0", "0"], await LagsAsync("killed"));
    }

    [Fact]
    public async Task A_pipe_that_closes_early_ends_the_member_and_loses_nothing()
    {
        await CreateAsync("piped", "t3", partitions: 1);
        await ProduceAsync("t3", 1, 0, 50_000);
        using var bash = LoireProcess.Bash(node.Url, "loire consume -g piped t3 | head -n 2");
        Assert.Equal("0\n1\n", await bash.ReadToEndAsync());
        Assert.Equal((0, ""), (await bash.WaitForExitAsync(), bash.Error.Trim()));
        Assert.Equal("", await AssignedAsync("piped"));

        var rest = (await _shell.RunAsync("consume", "-g", "piped", "t3", "-e")).AssertOk().Lines;
        Assert.Equal("49999", rest[^1]);
        Assert.Equal(rest.Length, rest.Distinct().Count());
        // Between the two there is no gap: what the pipe did not take whole comes again.
        Assert.InRange(int.Parse(rest[0]), 0, 49_999);
        Assert.Equal(50_000 - int.Parse(rest[0]), rest.Length);
        Assert.Equal(["0"], await LagsAsync("piped"));
    }

    [Fact]
    public async Task A_removed_member_joins_again_and_continues()
    {
        await CreateAsync("lost", "t4", partitions: 1);
        await ProduceAsync("t4", 1, 0, 10);
        using var consumer = LoireProcess.Start(node.Url, "consume", "-g", "lost", "t4", "-v");
        var lines = Collect(consumer);
        var seen = (await TakeAsync(lines, 10)).ToHashSet();
        using (var http = new HttpClient { BaseAddress = node.Url })
        {
            var members = JsonNode.Parse(await http.GetStringAsync("v1/groups/lost/members"))!.AsArray();
            (await http.DeleteAsync($"v1/groups/lost/members/{members[0]!["member_id"]}")).EnsureSuccessStatusCode();
        }

        await ProduceAsync("t4", 1, 10, 10);
        while (seen.Count < 20)
        {
            seen.UnionWith(await TakeAsync(lines, 1));
        }

        consumer.PressCtrlC();
        Assert.Equal(0, await consumer.WaitForExitAsync());
        Assert.Equal(["0"], await LagsAsync("lost"));
        Assert.Equal(2, consumer.Error.Split('\n').Count(line => line.StartsWith("member ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_member_survives_a_killed_node_and_loses_nothing()
    {
        using var data = new TemporaryDirectory();
        await using var first = await NodeProcess.StartAsync(data.Path);
        using var shell = new Shell(first.Url);
        (await shell.RunAsync("topic", "create", "t", "-p", "2")).AssertOk();
        (await shell.FeedAsync(Numbers(0, 1_000), "produce", "t")).AssertOk();
        using var consumer = LoireProcess.Start(first.Url, "consume", "-g", "g", "t");
        var lines = Collect(consumer);
        var seen = (await TakeAsync(lines, 1_000)).ToHashSet();
        await first.KillAsync();

        await using var second = await NodeProcess.StartAtAsync(first.Url.ToString(), data.Path);
        (await shell.FeedAsync(Numbers(1_000, 1_000), "produce", "t")).AssertOk();
        while (seen.Count < 2_000)
        {
            seen.UnionWith(await TakeAsync(lines, 1));
        }

        consumer.PressCtrlC();
        Assert.Equal((0, ""), (await consumer.WaitForExitAsync(), consumer.Error.Trim()));
        var lag = (await shell.RunAsync("group", "lag", "g", "-o", "ndjson")).AssertOk().Lines;
        Assert.All(lag, row => Assert.Equal(0, (long)JsonNode.Parse(row)!["lag"]!));
    }

    public void Dispose() => _shell.Dispose();

    private static string Numbers(int from, int count) => string.Concat(Enumerable.Range(from, count).Select(i => $"{i}\n"));

    private static ChannelReader<string> Collect(LoireProcess process)
    {
        var lines = Channel.CreateUnbounded<string>();
        _ = Task.Run(async () =>
        {
            while (await process.ReadLineAsync() is { } line)
            {
                lines.Writer.TryWrite(line);
            }

            lines.Writer.Complete();
        });
        return lines.Reader;
    }

    private static async Task<List<string>> TakeAsync(ChannelReader<string> lines, int count)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var taken = new List<string>();
        while (taken.Count < count)
        {
            taken.Add(await lines.ReadAsync(timeout.Token));
        }

        return taken;
    }

    private static int Partitions(List<string> lines) => lines.Select(line => line.Split(' ')[0]).Distinct().Count();

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            await Task.Delay(50, timeout.Token);
        }
    }

    // The group exists from the start, so that it can be asked about.
    private async Task CreateAsync(string group, string topic, int partitions)
    {
        (await _shell.RunAsync("topic", "create", topic, "-p", $"{partitions}")).AssertOk();
        (await _shell.RunAsync("group", "reset", group, "-t", topic, "--to-earliest", "--execute")).AssertOk();
    }

    private async Task ProduceAsync(string topic, int partitions, int from, int count)
    {
        for (var partition = 0; partition < partitions; partition++)
        {
            (await _shell.FeedAsync(Numbers(from, count), "produce", topic, "-p", $"{partition}")).AssertOk();
        }
    }

    private async Task<string> AssignedAsync(string group)
    {
        var described = (await _shell.RunAsync("group", "describe", group, "-o", "json")).AssertOk();
        var members = JsonNode.Parse(described.Output)!["members"]!.AsArray();
        return string.Join(' ', members.Select(member => member!["assigned"]!.AsArray().Count));
    }

    private async Task<string[]> LagsAsync(string group)
    {
        var rows = (await _shell.RunAsync("group", "lag", group, "-o", "ndjson")).AssertOk().Lines;
        return [.. rows.Select(row => JsonNode.Parse(row)!["lag"]!.ToJsonString())];
    }
}
