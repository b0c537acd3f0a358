using System.Diagnostics;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>A contender at one work: it begins, appends in as many slices as its turns are to have, reads everything back and ends.</summary>
internal sealed class Session(Contender contender, Work work, int windowBytes)
{
    private const double MinReadSeconds = 1;

    private readonly List<long> _latencies = [];
    private Producer[] _producers = [];
    private Phase _produce = Phase.None;

    public async Task BeginAsync()
    {
        await contender.BeginAsync(work);
        await Usage.SettleAsync(contender.Server);
        contender.Disk.Take();
        _producers = new Producer[work.IsBatched ? contender.Producers(work) : work.Streams];
        for (var i = 0; i < _producers.Length; i++)
        {
            _producers[i] = await contender.ConnectProducerAsync(work, i % work.Streams);
        }
    }

    /// <summary>Appends this slice of the records.</summary>
    public async Task ProduceAsync(int slice)
    {
        var (ofProducer, each) = (work.Records / _producers.Length, work.Records / _producers.Length / work.Slices);
        var window = windowBytes / _producers.Length / work.RecordBytes;
        GC.Collect();
        _produce += await Phase.MeasureAsync(contender, async () =>
        {
            var latencies = await Task.WhenAll(_producers.Select((producer, i) => Task.Run(() =>
            {
                var first = (i * ofProducer) + (slice * each);
                return work.IsBatched ? producer.SendBatchedAsync(first, each, window) : producer.SendOneByOneAsync(first, each);
            })));
            foreach (var ticks in latencies)
            {
                _latencies.AddRange(ticks);
            }
        });
    }

    /// <summary>Reads everything, as often as it takes for a second to pass, and checks every time what came.</summary>
    public async Task<Turn> EndAsync()
    {
        foreach (var producer in _producers)
        {
            await producer.DisposeAsync();
        }

        var disk = contender.Disk.Take();
        var reads = 0;
        var consume = Phase.None;
        while (reads == 0 || (work.IsBatched && consume.Seconds < MinReadSeconds))
        {
            reads++;
            var tallies = Enumerable.Range(0, work.Streams).Select(_ => new Tally(work.Payload)).ToArray();
            consume += await Phase.MeasureAsync(contender, () => Task.WhenAll(
                tallies.Select((tally, i) => Task.Run(() => contender.ConsumeAsync(work, i, work.Records / work.Streams, tally)))));
            Tally.Check(tallies, work.Records);
        }

        await contender.EndAsync(work);
        await Usage.SettleAsync(contender.Server);
        _latencies.Sort();
        return new Turn(contender.Name, work, _produce, consume, reads, Quantile(0.5), Quantile(0.99), disk);
    }

    private double Quantile(double quantile) => _latencies[(int)(_latencies.Count * quantile)] * 1e6 / Stopwatch.Frequency;
}
