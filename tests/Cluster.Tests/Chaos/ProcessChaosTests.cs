using System.Diagnostics;
using Loire.Client.Tests;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Loire.Storage.Tests.Azurite;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests.Chaos;

/// <summary>
/// Clients of three nodes, members of a group among them. The nodes are killed, stop, pause, and lose their store, their membership table or each other: a few
/// rounds; with LOIRE_CLUSTER_CHAOS=10m the same goes on for ten minutes.
/// </summary>
[Collection(nameof(WithThreeNodes))]
public sealed class ProcessChaosTests(ThreeNodes nodes, ITestOutputHelper output)
{
    private const int Partitions = 6;
    private const int Rounds = 3;
    private const int Members = 3;

    private static readonly TimeSpan ShortRun = TimeSpan.FromSeconds(12);

    [AzuriteFact]
    public async Task Whatever_happens_to_processes_and_their_store_clients_see_one_log()
    {
        var seed = OptInRun.Seed();
        Say($"LOIRE_SEED={seed}");
        var (random, duration) = (new Random(seed), OptInRun.Duration("LOIRE_CLUSTER_CHAOS"));
        var cluster = await nodes.HealedAsync();
        await using var load = new ClusterLoad(cluster, await cluster.CreateTopicAsync(Partitions), Partitions, seed);
        load.StartProducers(cluster.Nodes, mayMove: true);
        load.StartReaders(cluster.Nodes);
        await using var group = new GroupLoad(cluster, load, Members, seed);
        var (rounds, begun) = (0, Stopwatch.GetTimestamp());
        while (load.Answers.Problems.IsEmpty && IsShort(Stopwatch.GetElapsedTime(begun)))
        {
            await ProcessFaults.HappenAsync(cluster, random, Say);
            await Task.Delay(random.Next(500));
            rounds++;
        }

        await load.EndAsync();
        await group.EndAsync(load.Ends);
        Say($"{rounds} rounds in {Stopwatch.GetElapsedTime(begun).TotalSeconds:F0} s, longest pause of a partition {load.LongestPause.TotalSeconds:F1} s; {load.Summary()}");

        bool IsShort(TimeSpan elapsed) => duration > TimeSpan.Zero ? elapsed < duration : rounds < Rounds && elapsed < ShortRun;

        void Say(string what)
        {
            output.WriteLine(what);

            // A long run shows where it is; the output of a test comes when it has ended.
            Console.Error.WriteLine(what);
        }
    }
}
