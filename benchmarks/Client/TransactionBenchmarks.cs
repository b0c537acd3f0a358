using System.Diagnostics;
using Loire.Grains.Benchmarks;
using Loire.Model;
using Loire.Storage.Benchmarks;
using static Loire.Client.Benchmarks.Row;

namespace Loire.Client.Benchmarks;

/// <summary>
/// Commits of transactions beside loops of four dependent bare syncs (records, what is part of the transaction, the outcome, the markers), which take turns; and
/// what reading what is committed costs beside reading all.
/// </summary>
internal static class TransactionBenchmarks
{
    private const int Producers = 16;
    private const int Partitions = 4;
    private const int RecordsEach = 100;
    private const int RecordBytes = 100;
    private const int Syncs = 4;
    private const int Rounds = 7;
    private const int ReadRounds = 11;
    private const int Records = 1_000_000;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(4);

    public static async Task All(string own)
    {
        await using var node = await Node.StartAsync(own, cacheBytes: 1024L * 1024 * 1024);
        await CommitsAsync(node, own);
        await ReadingAsync(node);
    }

    private static async Task CommitsAsync(Node node, string own)
    {
        await node.CreateTopicAsync("commits", Partitions);
        var client = new LoireClient(node.Grains);
        var producers = Enumerable.Range(0, Producers).Select(i => client.CreateProducer(
            new ProducerOptions<byte[], byte[]> { TransactionalId = $"bench-{i}" })).ToArray();
        await RunAsync(producers);
        List<double> commits = [], bare = [], ratios = [];
        for (var round = 0; round < Rounds; round++)
        {
            var first = round % 2 == 0 ? await RunAsync(producers) : Bare(own);
            var second = round % 2 == 0 ? Bare(own) : await RunAsync(producers);
            var (ours, loops) = round % 2 == 0 ? (first, second) : (second, first);
            commits.Add(ours);
            bare.Add(loops);
            ratios.Add(ours / loops);
        }

        Print(
            $"transactions of {RecordsEach} records over {Partitions} partitions, {Producers} producers", $"{Median(commits):F0} commits/s",
            $"{Producers} loops of {Syncs} bare syncs: {Median(bare):F0}/s", Median(ratios), ">= 1,000 commits/s, >= 0.8");
        foreach (var producer in producers)
        {
            await producer.DisposeAsync();
        }
    }

    private static async Task<double> RunAsync(IProducer<byte[], byte[]>[] producers)
    {
        var (start, count) = (Stopwatch.GetTimestamp(), 0);
        await Task.WhenAll(producers.Select(producer => Task.Run(async () =>
        {
            var message = new Message<byte[], byte[]> { Value = new byte[RecordBytes] };
            while (Stopwatch.GetElapsedTime(start) < Round)
            {
                await using var transaction = await producer.BeginTransactionAsync();
                for (var i = 0; i < RecordsEach; i++)
                {
                    await transaction.EnqueueAsync(new TopicPartition("commits", i % Partitions), message);
                }

                await transaction.CommitAsync();
                Interlocked.Increment(ref count);
            }
        })));
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Bare(string own)
    {
        var (start, count) = (Stopwatch.GetTimestamp(), 0);
        var threads = Enumerable.Range(0, Producers).Select(i => new Thread(() =>
        {
            var directory = Path.Combine(own, $"bare-{i}");
            Directory.CreateDirectory(directory);
            using var file = new Bare(directory);
            ReadOnlyMemory<byte>[] block = [new byte[RecordsEach * RecordBytes / Syncs]];
            while (Stopwatch.GetElapsedTime(start) < Round)
            {
                for (var sync = 0; sync < Syncs; sync++)
                {
                    file.WriteAndSync(block);
                }

                Interlocked.Increment(ref count);
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task ReadingAsync(Node node)
    {
        await node.CreateTopicAsync("read", 1);
        var client = new LoireClient(node.Grains);
        await using var producer = client.CreateProducer(new ProducerOptions<byte[], byte[]> { TransactionalId = "reading" });
        var message = new Message<byte[], byte[]> { Value = new byte[RecordBytes] };
        var (written, transactions) = (0, 0);
        for (; written < Records; transactions++)
        {
            await using var transaction = await producer.BeginTransactionAsync();
            for (var i = 0; i < RecordsEach * 10; i++)
            {
                await transaction.EnqueueAsync(new TopicPartition("read", 0), message);
            }

            // One of a hundred aborts; its records are in the log all the same.
            if (transactions % 100 == 99)
            {
                await transaction.ProduceAsync(new TopicPartition("read", 0), message);
                await transaction.AbortAsync();
            }
            else
            {
                await transaction.CommitAsync();
                written += RecordsEach * 10;
            }
        }

        List<double> costs = [], plainCosts = [], ratios = [];
        for (var round = 0; round < ReadRounds; round++)
        {
            var first = await ReadAsync(client, written, round % 2 == 0 ? IsolationLevel.ReadCommitted : IsolationLevel.ReadUncommitted);
            var second = await ReadAsync(client, written, round % 2 == 0 ? IsolationLevel.ReadUncommitted : IsolationLevel.ReadCommitted);
            var (committed, all) = round % 2 == 0 ? (first, second) : (second, first);
            costs.Add(committed);
            plainCosts.Add(all);
            ratios.Add(committed / all);
        }

        Print(
            "processor time a 100-byte record read_committed, 1 % of the transactions aborted", $"{Median(costs):F3} us",
            $"read_uncommitted: {Median(plainCosts):F3} us", Median(ratios), "< 1.10");
    }

    private static async Task<double> ReadAsync(LoireClient client, int records, IsolationLevel isolation)
    {
        await using var consumer = client.CreateConsumer(
            new ConsumerOptions<Ignore, byte[]> { AutoOffsetReset = OffsetSpec.Earliest, IsolationLevel = isolation });
        GC.Collect();
        var cpu = Environment.CpuUsage.TotalTime;
        await consumer.AssignAsync([new TopicPartition("read", 0)]);
        var count = 0;
        await foreach (var list in consumer.ConsumeBatchesAsync())
        {
            if ((count += list.Count) >= records)
            {
                break;
            }
        }

        return (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count;
    }
}
