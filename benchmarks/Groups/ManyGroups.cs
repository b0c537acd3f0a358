using System.Diagnostics;
using System.Globalization;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Offset = Loire.Model.Offset;

namespace Loire.Groups.Benchmarks;

/// <summary>Commits with durable answers to 1,000 groups at once; and 100,000 groups that exist.</summary>
internal static class ManyGroups
{
    // Each group has two commits under way, as of two members.
    public static async Task CommitsAsync(string directory)
    {
        const int Groups = 1_000, UnderWay = 2, PerRound = 20, Rounds = 7;
        await using var node = await GroupNode.StartAsync(directory);
        IGroupGrain[] groups = [.. Enumerable.Range(0, Groups).Select(i => node.Grains.GetGrain<IGroupGrain>(GroupNode.Name("busy", i)))];
        await RoundAsync();
        List<(double Rate, double Cpu, double Syncs, double Bytes)> rounds = [];
        for (var round = 0; round < Rounds; round++)
        {
            var before = node.Store.Statistics;
            var (cpu, bytes, start) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
            await RoundAsync();
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            const int Commits = Groups * UnderWay * PerRound;
            rounds.Add((
                Commits / seconds,
                (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Commits,
                (node.Store.Statistics.Syncs - before.Syncs) / seconds,
                (GC.GetTotalAllocatedBytes() - bytes) / (double)Commits));
        }

        var rate = Median(rounds.Select(one => one.Rate));
        Row.Print(
            $"commits with durable answers, {Groups:N0} groups, {UnderWay} under way each",
            $"{rate:N0}/s (worst round {rounds.Min(one => one.Rate):N0})", ratio: rate / 20_000, target: "20,000/s");
        Row.Print(
            "a commit's processor time, bytes allocated",
            $"{Median(rounds.Select(one => one.Cpu)):N0} µs, {Median(rounds.Select(one => one.Bytes)):N0} B");
        Row.Print("syncs a second meanwhile", $"{Median(rounds.Select(one => one.Syncs)):N0}");

        Task RoundAsync() => Task.WhenAll(groups.SelectMany(group => Enumerable.Range(0, UnderWay).Select(async partition =>
        {
            for (var i = 0; i < PerRound; i++)
            {
                await CommitAsync(group, partition, i);
            }
        })));
    }

    public static async Task ExistAsync(string directory)
    {
        const int Groups = 100_000, AtOnce = 500;
        await using var node = await GroupNode.StartAsync(directory);
        var management = node.Grains.GetGrain<IManagementGrain>(0);

        // Buffers that grow once are not the groups'.
        await MakeAsync("first", 2 * AtOnce);
        await QuietAsync(management);
        var (before, start) = (GC.GetTotalMemory(forceFullCollection: true), Stopwatch.GetTimestamp());
        await MakeAsync("many", Groups);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var active = await management.GetTotalActivationCount();
        var busy = GC.GetTotalMemory(forceFullCollection: true) - before;
        Row.Print($"{Groups:N0} groups made, each by a durable commit", $"{seconds:N0} s, {Groups / seconds:N0}/s");
        Row.Print($"memory of an active group ({active:N0} active grains)", $"{busy / (double)Groups:N0} B");
        await QuietAsync(management);
        var idle = GC.GetTotalMemory(forceFullCollection: true) - before;
        active = await management.GetTotalActivationCount();
        Row.Print(
            $"memory of an idle group ({active:N0} active grains; the rest is the store's index and the id in the catalog)",
            $"{idle / (double)Groups:N0} B", target: "0");
        var (first, again) = (await ListAsync(node.Grains), await ListAsync(node.Grains));
        Row.Print(
            $"{first.Count:N0} groups listed, first time, again",
            $"{first.Took.TotalMilliseconds:N1}, {again.Took.TotalMilliseconds:N1} ms");

        Task MakeAsync(string kind, int count) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async lane =>
        {
            for (var i = lane; i < count; i += AtOnce)
            {
                await CommitAsync(node.Grains.GetGrain<IGroupGrain>(GroupNode.Name(kind, i)), 0, i);
            }
        }));
    }

    private static async Task<(int Count, TimeSpan Took)> ListAsync(IGrainFactory grains)
    {
        var start = Stopwatch.GetTimestamp();
        var found = await Task.WhenAll(Enumerable.Range(0, IGroupCatalogGrain.Shards).Select(async shard =>
        {
            var catalog = grains.GetGrain<IGroupCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture));
            var (count, after) = (0, "");
            for (var hasMore = true; hasMore;)
            {
                var page = await catalog.List(after, Limits.GroupsPerPage);
                (count, after, hasMore) = (count + page.GroupIds.Length, page.GroupIds is [.., var last] ? last.Value : after, page.HasMore);
            }

            return count;
        }));
        return (found.Sum(), Stopwatch.GetElapsedTime(start));
    }

    // Lets every activation go that nobody uses, and waits until they are gone.
    private static async Task QuietAsync(IManagementGrain management)
    {
        await Task.Delay(TimeSpan.FromSeconds(3));
        await management.ForceActivationCollection(TimeSpan.FromSeconds(1));
        for (var last = -1; await management.GetTotalActivationCount() is var count && count != last; last = count)
        {
            await Task.Delay(TimeSpan.FromSeconds(5));
        }
    }

    private static async Task CommitAsync(IGroupGrain group, int partition, long offset)
    {
        var result = await group.Commit(new CommitRequest(
            null, -1,
            [new CommittedOffset(
                new TopicPartition(TopicName.Parse("orders"), partition), new Offset(offset), LeaderEpoch.None, "", Timestamp.None)]));
        if (result.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{result.Error}: {result.Detail}");
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        var ordered = values.Order().ToArray();
        return ordered[ordered.Length / 2];
    }
}
