using Loire.Cli.Node;
using Loire.Cli.Terminals;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Cli.Bench;

/// <summary>Produces and consumes with the given number of requests in flight, and times each request.</summary>
internal sealed class BenchPhases(NodeClient node, BenchSettings settings, Caller caller)
{
    private const int FetchBytes = 4 * 1024 * 1024;

    private long _done;

    /// <summary>Records completed by the running phase.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Appends the records in batches to the partitions in turn.</summary>
    public async Task<BenchResult> ProduceAsync(CancellationToken interrupted)
    {
        var (batches, taken) = ((settings.Records + settings.BatchRecords - 1) / settings.BatchRecords, -1L);
        return await RunAsync(settings.Concurrency, interrupted, async (worker, latencies, ending) =>
        {
            var random = new Random(settings.Seed + worker);
            using var builder = new RecordBatchBuilder();
            var value = new byte[settings.RecordBytes];
            for (long number; (number = Interlocked.Increment(ref taken)) < batches;)
            {
                var records = (int)Math.Min(settings.BatchRecords, settings.Records - (number * settings.BatchRecords));
                Fill(builder, records, value, random);
                var batch = builder.Build(settings.Compression);
                var started = caller.Time.GetTimestamp();
                await node.ProduceAsync(settings.Topic, (int)(number % settings.PartitionsCount), batch, settings.Acks, ending);
                latencies.Record(caller.Time.GetElapsedTime(started));
                Interlocked.Add(ref _done, records);
            }
        });
    }

    /// <summary>Reads every partition from the first record that <paramref name="starts"/> names to its current end.</summary>
    public async Task<BenchResult> ConsumeAsync(long[] starts, long[] ends, CancellationToken interrupted)
    {
        using var budget = new SemaphoreSlim(settings.Concurrency);
        var taken = -1;
        return await RunAsync(Math.Min(settings.Concurrency, settings.PartitionsCount), interrupted, async (_, latencies, ending) =>
        {
            using var decompressor = new BatchDecompressor();
            for (int partition; (partition = Interlocked.Increment(ref taken)) < settings.PartitionsCount;)
            {
                for (var next = starts[partition]; next < ends[partition];)
                {
                    var started = caller.Time.GetTimestamp();
                    using var page = await node.FetchAsync(settings.Topic, partition, next, FetchBytes, TimeSpan.Zero, budget, ending);
                    latencies.Record(caller.Time.GetElapsedTime(started));
                    Interlocked.Add(ref _done, Count(page, decompressor));
                    next = page.Next;
                }
            }
        });
    }

    private async Task<BenchResult> RunAsync(
        int workers, CancellationToken interrupted, Func<int, LatencyHistogram, CancellationToken, Task> work)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(interrupted);
        Interlocked.Exchange(ref _done, 0);
        var histograms = Enumerable.Range(0, workers).Select(_ => new LatencyHistogram()).ToArray();
        var started = caller.Time.GetTimestamp();
        Task Start(LatencyHistogram histogram, int worker) => Task.Run(() => work(worker, histogram, ending.Token), CancellationToken.None);
        var running = histograms.Select(Start).ToList();
        while (running.Count > 0)
        {
            var ended = await Task.WhenAny(running);
            running.Remove(ended);
            if (!ended.IsCompletedSuccessfully)
            {
                // The first failure ends the phase and is reported.
                await ending.CancelAsync();
                await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await ended;
        }

        var elapsed = caller.Time.GetElapsedTime(started);
        var all = new LatencyHistogram();
        foreach (var histogram in histograms)
        {
            all.Add(histogram);
        }

        return new BenchResult(Done, Done * settings.RecordBytes, elapsed, all);
    }

    // Incompressible bytes, so that compression does not reduce the work.
    private void Fill(RecordBatchBuilder builder, int records, byte[] value, Random random)
    {
        var now = Timestamp.From(caller.Time.GetUtcNow());
        for (var i = 0; i < records; i++)
        {
            random.NextBytes(value);
            Invariant.Check(builder.Append(now, default, keyIsNull: true, value, valueIsNull: false));
        }
    }

    // Every record is decoded, as a consumer would.
    private static long Count(FetchedPage page, BatchDecompressor decompressor)
    {
        var count = 0L;
        for (var rest = page.Bytes; !rest.IsEmpty;)
        {
            RecordBatch.TryRead(rest, out var batch);
            decompressor.TryDecompress(batch, out var records);
            var reader = new RecordReader(batch, records);
            while (reader.MoveNext())
            {
                count += reader.Current.Offset.Value >= page.From ? 1 : 0;
            }

            rest = rest[batch.SizeInBytes..];
        }

        return count;
    }
}
