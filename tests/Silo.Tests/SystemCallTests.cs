using System.Diagnostics;
using Xunit.Abstractions;

namespace Loire.Silo.Tests;

/// <summary>Faults at exact system calls of a real node, injected by strace.</summary>
public class SystemCallTests(ITestOutputHelper output)
{
    private const int Partitions = 2;

    /// <summary>The calls that change what is on disk, and at which of them the node dies.</summary>
    public static TheoryData<string, int> Deaths()
    {
        var deaths = new TheoryData<string, int>();
        foreach (var n in LongRuns.Kills is null ? [1, 3, 8, 20] : Enumerable.Range(1, 40))
        {
            deaths.Add("fdatasync,fsync", n);
            deaths.Add("pwritev,pwrite64", n);
        }

        foreach (var n in LongRuns.Kills is null ? [1, 2] : Enumerable.Range(1, 4))
        {
            deaths.Add("rename,renameat,renameat2", n);
            deaths.Add("fallocate,ftruncate", n);
        }

        return deaths;
    }

    [StraceTheory]
    [MemberData(nameof(Deaths))]
    public async Task A_node_that_dies_at_this_system_call_loses_nothing_that_it_acknowledged(string calls, int at)
    {
        var random = Seed.Print(output);
        using var data = new TemporaryDirectory();
        var load = new ProducerLoad("orders", Partitions, random);
        await using (var node = NodeProcess.Launch(data.Path, "strace", "-f", "-qq", "-o", "/dev/null", "-e", $"trace={calls}", "-e", $"inject={calls}:signal=SIGKILL:when={at}"))
        {
            if (await node.IsServingAsync() && await TryCreateTopicAsync(node.Client))
            {
                var producers = await load.RunUntilAsync(node.Url, 40, CancellationToken.None);
                await node.KillAsync();
                await producers;
            }
        }

        await using var again = await EmbeddedNode.StartAsync(options => options.Data = data.Path);
        if (load.AcknowledgedCount > 0)
        {
            await load.JudgeAsync(again.Client);
        }

        output.WriteLine($"{load.AcknowledgedCount} records acknowledged, all found");
    }

    [StraceFact]
    public async Task After_a_failed_sync_nothing_more_is_acknowledged_and_the_node_says_so()
    {
        var random = Seed.Print(output);
        using var data = new TemporaryDirectory();
        var load = new ProducerLoad("orders", Partitions, random);

        // With the filter only the calls that are traced stop the node; signals cannot be injected with it.
        await using (var node = NodeProcess.Launch(
            data.Path, "strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO:when=40+"))
        {
            Assert.True(await node.IsServingAsync(), node.Output);
            await KillTests.CreateTopicAsync(node.Client, "orders", Partitions);
            using var stop = new CancellationTokenSource();
            var producers = await load.RunUntilAsync(node.Url, int.MaxValue, stop.Token);
            await producers;
            var acknowledged = load.AcknowledgedCount;
            using var ready = await node.Client.GetAsync("/readyz");
            Assert.Equal(503, (int)ready.StatusCode);
            using var refused = await node.Client.PostAsync("/v1/topics/orders/records?partition=0", new StringContent("late\n"));
            Assert.Equal(503, (int)refused.StatusCode);
            Assert.Contains("KAFKA_STORAGE_ERROR", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.True(acknowledged > 0);
            Assert.Equal(acknowledged, load.AcknowledgedCount);
        }

        await using var again = await EmbeddedNode.StartAsync(options => options.Data = data.Path);
        await load.JudgeAsync(again.Client);
    }

    private static async Task<bool> TryCreateTopicAsync(HttpClient node)
    {
        try
        {
            await KillTests.CreateTopicAsync(node, "orders", Partitions);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static bool StraceRuns()
    {
        try
        {
            using var strace = Process.Start(new ProcessStartInfo("strace", "-o /dev/null true") { RedirectStandardError = true });
            strace!.WaitForExit();
            return strace.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private sealed class StraceTheoryAttribute : TheoryAttribute
    {
        public StraceTheoryAttribute() => Skip = StraceRuns() ? null! : "strace is not installed or may not trace here";
    }

    private sealed class StraceFactAttribute : FactAttribute
    {
        public StraceFactAttribute() => Skip = StraceRuns() ? null! : "strace is not installed or may not trace here";
    }
}
