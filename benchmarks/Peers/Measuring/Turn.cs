using System.Diagnostics;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>What one contender did with one work, once. Processor time and disk are of exactly this turn.</summary>
internal sealed record Turn(string Contender, Work Work, Phase Produce, Phase Consume, double MedianMicroseconds, double P99Microseconds, double DiskBytesPerRecord)
{
    public static async Task<Turn> RunAsync(Contender contender, Work work, int windowBytes)
    {
        await contender.BeginAsync(work);
        await Usage.SettleAsync(contender.Server);
        var disk = await Usage.DiskAsync(contender.Data);
        GC.Collect();
        var producers = new Producer[work.IsBatched ? contender.Producers(work) : work.Streams];
        for (var i = 0; i < producers.Length; i++)
        {
            producers[i] = await contender.ConnectProducerAsync(work, i % work.Streams);
        }

        var each = work.Records / producers.Length;
        long[] latencies = [];
        var produce = await Phase.MeasureAsync(contender, async () =>
        {
            var taken = await Task.WhenAll(producers.Select((producer, i) => Task.Run(() => work.IsBatched
                ? producer.SendBatchedAsync(i * each, each, windowBytes / producers.Length / work.RecordBytes)
                : producer.SendOneByOneAsync(i * each, each))));
            latencies = [.. taken.SelectMany(ticks => ticks)];
        });
        foreach (var producer in producers)
        {
            await producer.DisposeAsync();
        }

        disk = await Usage.DiskAsync(contender.Data) - disk;
        var tallies = Enumerable.Range(0, work.Streams).Select(_ => new Tally(work.Payload)).ToArray();
        var consume = await Phase.MeasureAsync(contender, () => Task.WhenAll(
            tallies.Select((tally, i) => Task.Run(() => contender.ConsumeAsync(work, i, work.Records / work.Streams, tally)))));
        Tally.Check(tallies, work.Records);
        await contender.EndAsync(work);
        await Usage.SettleAsync(contender.Server);
        Array.Sort(latencies);
        return new Turn(
            contender.Name, work, produce, consume, Microseconds(latencies, 0.5), Microseconds(latencies, 0.99), disk / (double)work.Records);
    }

    private static double Microseconds(long[] sorted, double quantile) =>
        sorted[(int)(sorted.Length * quantile)] * 1e6 / Stopwatch.Frequency;
}

/// <summary>How long something took, and the processor time of the server and of this process meanwhile.</summary>
internal sealed record Phase(double Seconds, double ServerSeconds, double OwnSeconds)
{
    public static async Task<Phase> MeasureAsync(Contender contender, Func<Task> run)
    {
        var before = Usage.Processor(contender.Server);
        var start = Stopwatch.GetTimestamp();
        await run();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var after = Usage.Processor(contender.Server);
        return new Phase(seconds, (after.Server - before.Server).TotalSeconds, (after.Own - before.Own).TotalSeconds);
    }
}
