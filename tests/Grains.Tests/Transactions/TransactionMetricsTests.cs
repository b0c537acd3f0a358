using System.Diagnostics.Metrics;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Transactions;
using Loire.TestKit;

namespace Loire.Grains.Tests.Transactions;

public class TransactionMetricsTests
{
    [Fact]
    public void Open_committed_aborted_and_overdue_transactions_are_counted()
    {
        using var meters = new Meters();
        var counts = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (meters.Made.Contains(instrument.Meter))
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
            counts[instrument.Name] = value + (instrument.IsObservable ? 0 : counts.GetValueOrDefault(instrument.Name)));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => counts[instrument.Name] = value);
        listener.Start();
        var bench = new TransactionBench();
        bench.Options.Metrics = new TransactionMetrics(meters, bench.Time);
        var producer = bench.Init(timeout: TimeSpan.FromSeconds(30)).Producer;
        bench.Add(producer, 0);
        bench.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((1, 10), Open());
        producer = bench.End(producer, commits: true).Producer;
        Assert.Equal((0, 0), Open());
        bench.Add(producer, 0);
        producer = bench.End(producer, commits: false).Producer;
        bench.Add(producer, 0);
        bench.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((0, 0), Open());
        Assert.Equal((1, 2, 1), (counts["loire.transactions.commits"], counts["loire.transactions.aborts"], counts["loire.transactions.timeouts"]));
        bench.Add(bench.Init(producer).Producer, 0);
        Assert.Equal((1, 0), Open());
        bench.Restart(kill: false);
        Assert.Equal((0, 0), Open());
        bench.Expire();
        Assert.Equal((1, 0), Open());

        (double Count, double Age) Open()
        {
            listener.RecordObservableInstruments();
            return (counts["loire.transactions.open"], counts["loire.transactions.oldest"]);
        }
    }
}
