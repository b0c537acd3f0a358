using System.Diagnostics;
using System.Globalization;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Loire.Storage.Tests.Azurite;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests;

/// <summary>The loss of a node loses nothing acknowledged, and the other nodes take over its partitions.</summary>
[Collection(nameof(WithThreeNodes))]
public sealed class LostNodeTests(ThreeNodes nodes, ITestOutputHelper output)
{
    private const int Partitions = 6;
    private const int EnoughRecords = 300;

    private static readonly TimeSpan TakeoverBound = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BetweenWrites = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(50);

    // Eighteen of them at once: more would be a load that none of the pauses is meant to include.
    private static readonly TimeSpan BetweenControlCalls = TimeSpan.FromMilliseconds(500);

    // LOIRE_CLUSTER_LOSSES=10 for a median.
    private static readonly int _losses =
        int.TryParse(Environment.GetEnvironmentVariable("LOIRE_CLUSTER_LOSSES"), NumberStyles.None, CultureInfo.InvariantCulture, out var losses) ? losses : 1;

    [AzuriteFact]
    public Task Killed_node_loses_nothing_and_its_partitions_take_writes_again() => LoseAsync("kill -9", node => node.Process.KillAsync());

    [AzuriteFact]
    public Task Node_that_is_asked_to_stop_loses_nothing_and_its_partitions_take_writes_again() =>
        LoseAsync("SIGTERM", async node => Assert.Equal(0, await node.Process.StopAsync()));

    [AzuriteFact]
    public async Task Two_nodes_of_three_that_are_killed_at_once_lose_nothing_and_the_third_takes_over_everything()
    {
        var cluster = await nodes.HealedAsync();
        await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions);
        var survivor = cluster.Nodes[1];
        load.StartProducers(cluster.Nodes, mayMove: true);
        load.StartReaders([survivor]);
        await Until.TrueAsync("the load has run", () => load.AcknowledgedCount >= EnoughRecords);
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(cluster.Nodes.Where(node => node != survivor).Select(node => node.Process.KillAsync()));
        var moments = await Task.WhenAll(
            Enumerable.Range(0, Partitions).Select(partition => load.FirstWriteAsync(survivor, partition, BetweenAttempts, TakeoverBound)));
        await load.EndAsync();
        var times = moments.Select(at => $"{Stopwatch.GetElapsedTime(begun, at).TotalMilliseconds:F0}");
        Say($"two killed: first acknowledgements by the third after {string.Join(", ", times)} ms; {load.Summary()}");
        Assert.Equal(["Active"], (await cluster.StatusesAsync(survivor.Id)).Where(status => status != "Dead"));
    }

    [AzuriteFact]
    public async Task Cluster_that_is_killed_as_a_whole_and_started_again_has_everything()
    {
        var cluster = await nodes.HealedAsync();
        var topic = await cluster.CreateTopicAsync(Partitions);
        await using var load = new ClusterLoad(cluster, topic, Partitions);
        load.StartProducers(cluster.Nodes);
        load.StartReaders(cluster.Nodes);
        await load.WritesToAllAsync(TakeoverBound);
        await Until.TrueAsync("the load has run", () => load.AcknowledgedCount >= EnoughRecords);
        await Task.WhenAll(cluster.Nodes.Select(node => node.Process.KillAsync()));
        var begun = Stopwatch.GetTimestamp();
        await cluster.HealAsync();
        var started = Stopwatch.GetElapsedTime(begun);
        await load.EndAsync();
        output.WriteLine($"{started.TotalSeconds:F1} s until all nodes were members again; {load.Summary()}");
    }

    private async Task LoseAsync(string how, Func<ClusterNode, Task> lose)
    {
        List<double> first = [], all = [], pauses = [], topics = [], groups = [];
        for (var loss = 0; loss < _losses; loss++)
        {
            var cluster = await nodes.HealedAsync();
            await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions, pause: BetweenWrites);
            var owners = await PartitionOwners.FindAsync(cluster, load);
            var control = await ControlCalls.CreateAsync(cluster);
            var victim = owners.GroupBy(owner => owner).MaxBy(owned => owned.Count())!.Key;
            var survivors = cluster.Nodes.Where(node => node != victim).ToList();
            load.StartProducers(survivors);
            load.StartReaders(survivors);
            var before = load.AcknowledgedCount;
            await load.WritesToAllAsync(TakeoverBound);
            await Until.TrueAsync("the load has run", () => load.AcknowledgedCount >= before + EnoughRecords);
            load.ForgetPauses();
            var begun = Stopwatch.GetTimestamp();
            var ended = lose(victim);
            var altered = Task.WhenAll(control.Topics.Select(topic => Attempts.FirstSuccessAsync(
                $"a change of {topic}", () => control.AlterAsync(survivors[0], topic), BetweenControlCalls, TakeoverBound)));
            var committed = Task.WhenAll(control.Groups.Select(group => Attempts.FirstSuccessAsync(
                $"a commit of {group}", () => control.CommitAsync(survivors[1], group), BetweenControlCalls, TakeoverBound)));
            var moments = await Task.WhenAll(Enumerable.Range(0, Partitions).Where(partition => owners[partition] == victim)
                .Select(partition => load.FirstWriteAsync(survivors[partition % survivors.Count], partition, BetweenAttempts, TakeoverBound)));
            topics.Add(Stopwatch.GetElapsedTime(begun, (await altered).Max()).TotalMilliseconds);
            groups.Add(Stopwatch.GetElapsedTime(begun, (await committed).Max()).TotalMilliseconds);
            await ended;
            await load.EndAsync();

            // A store that grows from loss to loss would make Azurite slower from loss to loss.
            await control.DeleteAsync(survivors[0]);
            using var deleted = await cluster.Http.DeleteAsync(new Uri(survivors[0].Url, $"/v1/topics/{load.Topic}"));
            Assert.True(deleted.IsSuccessStatusCode);
            var times = moments.Select(at => Stopwatch.GetElapsedTime(begun, at).TotalMilliseconds).Order().ToList();
            first.Add(times[0]);
            all.Add(times[^1]);
            pauses.Add(load.LongestPause.TotalMilliseconds);
            Say($"{how}: node {victim.Id} had {times.Count} of {Partitions} partitions; first acknowledgements after {string.Join(", ", times.Select(time => $"{time:F0}"))} ms; "
                + $"all topics after {topics[^1]:F0} ms, all groups after {groups[^1]:F0} ms; longest pause {pauses[^1]:F0} ms; {load.Summary()}");
        }

        Say($"{how}, {_losses} times: median {Median(first):F0} ms to the first of its partitions, {Median(all):F0} ms to the last (at most {all.Max():F0} ms), "
            + $"{Median(topics):F0} ms to the last topic (at most {topics.Max():F0} ms), "
            + $"{Median(groups):F0} ms to the last group (at most {groups.Max():F0} ms), "
            + $"longest pause {Median(pauses):F0} ms (at most {pauses.Max():F0} ms)");
    }

    private void Say(string what)
    {
        output.WriteLine(what);

        // A long run shows where it is; the output of a test comes when it has ended.
        Console.Error.WriteLine(what);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
