using System.Globalization;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;
using static Loire.Grains.Benchmarks.Rows;

namespace Loire.Grains.Benchmarks;

/// <summary>100,000 transactional ids that are known: memory of those in use and of idle ones, and what a node that starts reads to know them.</summary>
internal static class ManyTransactionalIds
{
    private const int Ids = 100_000;
    private const int Used = 10_000;
    private const int AtOnce = 200;

    public static async Task RunAsync(string own)
    {
        long used;
        await using (var node = await Node.StartAsync(Directory.CreateDirectory(Path.Combine(own, "used")).FullName, cacheBytes: 0))
        {
            await MakeAsync(node, "first", 2 * AtOnce);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            await MakeAsync(node, "used", Used);
            used = (GC.GetTotalMemory(forceFullCollection: true) - before) / Used;
        }

        await using (var node = await StartAsync(own))
        {
            // Buffers that grow once are not the ids'.
            await MakeAsync(node, "first", 2 * AtOnce);
            await QuietAsync(node);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var (cpu, allocated) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
            await MakeAsync(node, "many", Ids);
            Print(
                $"a transactional id that is new: processor time; bytes allocated",
                $"{(Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Ids:F0} us; {(GC.GetTotalAllocatedBytes() - allocated) / Ids:N0}");
            await QuietAsync(node);
            var idle = (GC.GetTotalMemory(forceFullCollection: true) - before) / Ids;
            Print(
                $"memory of an idle transactional id, of {Ids:N0}: the store's index and the id in its catalog", $"{idle:N0} B",
                $"used within the last 5 minutes: {used:N0} B", idle / (double)used, "none of its own");
        }

        await using var next = await StartAsync(own);
        var (reads, bytes, memory) = (next.Reads, next.ReadBytes, GC.GetTotalMemory(forceFullCollection: true));
        var count = 0;
        for (var shard = 0; shard < ITransactionCatalogGrain.Shards; shard++)
        {
            var catalog = next.Grains.GetGrain<ITransactionCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture));
            await catalog.Sweep();
            var (after, hasMore) = ("", true);
            while (hasMore)
            {
                var page = await catalog.List(after, Limits.TransactionalIdsPerPage);
                (count, after, hasMore) = (count + page.Ids.Length, page.Ids is [.., var last] ? last.Value : after, page.HasMore);
            }
        }

        Print(
            $"a node that has just started lists {count:N0} transactional ids and looks after those in use: reads of storage; bytes an id",
            $"{next.Reads - reads:N0}; {(next.ReadBytes - bytes) / (double)count:F0}", "a read for each id", (next.Reads - reads) / (double)count);
        Print("  memory an id after that, its catalogs open", $"{(GC.GetTotalMemory(forceFullCollection: true) - memory) / count:N0} B");
    }

    private static Task MakeAsync(Node node, string kind, int count) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async lane =>
    {
        for (var i = lane; i < count; i += AtOnce)
        {
            var coordinator = node.Grains.GetGrain<ITransactionGrain>(string.Create(CultureInfo.InvariantCulture, $"{kind}-{i}"));
            var begun = await coordinator.Init(new InitProducerRequest(TimeSpan.FromMinutes(1), ProducerIdentity.None));
            if (begun.Error != ErrorCode.None)
            {
                throw new InvalidOperationException($"{begun.Error}: {begun.Detail}");
            }
        }
    }));

    // An id is idle after five minutes, and its activation goes with the next sweep; here at once.
    private static Task<Node> StartAsync(string own) => Node.StartAsync(own, cacheBytes: 0, options =>
    {
        options.Transactions.IdleAfter = TimeSpan.Zero;
        options.Transactions.SweepInterval = TimeSpan.FromSeconds(1);
    });

    /// <summary>Waits until the activations of all ids are gone.</summary>
    private static async Task QuietAsync(Node node)
    {
        while (await node.Grains.GetGrain<IManagementGrain>(0).GetTotalActivationCount() > 200)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }
}
