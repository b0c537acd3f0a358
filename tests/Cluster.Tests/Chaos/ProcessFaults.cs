using System.Globalization;
using Loire.Cluster.Tests.Clusters;

namespace Loire.Cluster.Tests.Chaos;

/// <summary>Lets something happen to a node of a cluster, or to its connections to the store, the membership table or the other nodes.</summary>
internal static class ProcessFaults
{
    private const int LongestMilliseconds = 9_000;
    private const int GivenUpExitCode = 3;
    private const string GivenUp = "The node ends: ";

    /// <summary>One fault of one node, from its begin to its end; the node is up again afterwards.</summary>
    public static async Task HappenAsync(ClusterOfProcesses cluster, Random random, Action<string> say)
    {
        var node = cluster.Nodes[random.Next(cluster.Nodes.Count)];
        var duration = TimeSpan.FromMilliseconds(random.Next(100, LongestMilliseconds));
        switch (random.Next(cluster.HasNetworks ? 6 : 5))
        {
            case 0:
                Say("is killed");
                await node.Process.KillAsync();
                break;
            case 1:
                Say("stops in order");

                // After a long fault the others may have given it up just now; then it ends at once, and says so.
                var exit = await node.Process.StopAsync();
                Assert.True(
                    exit == 0 || (exit == GivenUpExitCode && node.Process.Output.Contains(GivenUp, StringComparison.Ordinal)), node.Process.Output);
                break;
            case 2:
                Say($"pauses for {duration.TotalSeconds:F1} s");
                node.Process.Pause();
                await Task.Delay(duration);
                node.Process.Resume();
                break;
            case 3:
                await HappenAsync(node.Blobs, "the store");
                break;
            case 4:
                await HappenAsync(node.Tables, "the membership table");
                break;
            default:
                Say($"and the others: cut off for {duration.TotalSeconds:F1} s");
                node.CutOffFromOthers();
                await Task.Delay(duration);
                break;
        }

        await cluster.HealAsync();

        async Task HappenAsync(HttpFaultProxy proxy, string what)
        {
            var delay = duration / 10;
            (proxy.Faults, var how) = random.Next(5) switch
            {
                0 => (new ProxyFaults { RequestDelay = delay }, $"requests are delayed by {delay.TotalMilliseconds:F0} ms"),
                1 => (new ProxyFaults { AnswerDelay = delay }, $"answers are delayed by {delay.TotalMilliseconds:F0} ms"),
                2 => (new ProxyFaults { LosesAnswers = true }, "answers are lost"),
                3 => (new ProxyFaults { Refuses = true }, "requests are refused"),
                _ => (ProxyFaults.CutOff, "everything is cut off"),
            };
            Say($"and {what}: {how} for {duration.TotalSeconds:F1} s");
            await Task.Delay(duration);
            proxy.Faults = ProxyFaults.None;
        }

        void Say(string what) => say(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} node {node.Id} {what}"));
    }
}
