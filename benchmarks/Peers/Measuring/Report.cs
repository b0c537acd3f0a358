using System.Globalization;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>Tables of medians over the rounds. Ratios are medians of the ratios within each round, because the machine's speed changes between rounds.</summary>
internal sealed class Report(IReadOnlyList<Turn> turns, IReadOnlyList<string> contenders, BareSyncs bare)
{
    private readonly string[] _ours = [.. contenders.Where(name => name is "Loire HTTP" or "Loire embedded")];

    public void Print(IReadOnlyList<Work> works)
    {
        foreach (var work in works)
        {
            Produce(work);
        }

        // What was written one by one is too little to say anything about reading.
        foreach (var work in works.Where(work => work.IsBatched))
        {
            Consume(work);
        }
    }

    private void Produce(Work work)
    {
        Console.WriteLine($"\n### Produce: {work.Name}, {work.Records:N0} records\n");
        Console.WriteLine($"| | records/s | MB/s |{OursAre()} p50 | p99 | CPU s per million: server | client | disk bytes per record |");
        Console.WriteLine($"|---|---:|---:|{Dashes()}---:|---:|---:|---:|---:|");
        foreach (var name in Of(work))
        {
            var rate = Median(work, name, turn => work.Records / turn.Produce.Seconds);
            Console.WriteLine(
                $"| {name} | {rate:N0} | {rate * work.RecordBytes / 1e6:F1} |{Ratios(work, name, turn => turn.Produce.Seconds)}"
                + $" {Time(Median(work, name, turn => turn.MedianMicroseconds))} | {Time(Median(work, name, turn => turn.P99Microseconds))}"
                + $" | {Processor(work, name, turn => turn.Produce, _ => 1)} | {Median(work, name, turn => turn.DiskBytes / (double)work.Records):F0} |");
        }

        if (!work.IsBatched)
        {
            var none = string.Concat(_ours.Select(_ => " |"));
            var (median, p99) = (bare.Quantile(work, 0.5), bare.Quantile(work, 0.99));
            Console.WriteLine($"| a lone 4 KB append + fdatasync | | |{none} {Time(median.Append)} | {Time(p99.Append)} | | | |");
            Console.WriteLine($"| a lone 4 KB write over zeros + fdatasync | | |{none} {Time(median.Overwrite)} | {Time(p99.Overwrite)} | | | |");
        }
    }

    private void Consume(Work work)
    {
        Console.WriteLine($"\n### Consume: {work.Name}, {work.Records:N0} records\n");
        Console.WriteLine($"| | records/s | MB/s |{OursAre()} CPU s per million: server | client | records/s per core, both sides |");
        Console.WriteLine($"|---|---:|---:|{Dashes()}---:|---:|---:|");
        foreach (var name in Of(work))
        {
            var rate = Median(work, name, turn => (double)work.Records * turn.Reads / turn.Consume.Seconds);
            var perCore = Median(work, name, turn => (double)work.Records * turn.Reads / (turn.Consume.ServerSeconds + turn.Consume.OwnSeconds));
            Console.WriteLine(
                $"| {name} | {rate:N0} | {rate * work.RecordBytes / 1e6:F1} |{Ratios(work, name, turn => turn.Consume.Seconds / turn.Reads)}"
                + $" {Processor(work, name, turn => turn.Consume, turn => turn.Reads)} | {perCore:N0} |");
        }
    }

    private string OursAre() => string.Concat(_ours.Select(mine => $" {mine} is × |"));

    private string Dashes() => string.Concat(_ours.Select(_ => "---:|"));

    private string Ratios(Work work, string other, Func<Turn, double> seconds) => string.Concat(_ours.Select(mine =>
        mine == other ? " |" : $" {Middle(Turns(work, mine).Zip(Turns(work, other), (a, b) => seconds(b) / seconds(a))):F2} |"));

    private string Processor(Work work, string name, Func<Turn, Phase> phase, Func<Turn, int> times)
    {
        var server = Median(work, name, turn => phase(turn).ServerSeconds * 1e6 / work.Records / times(turn));
        var own = Median(work, name, turn => phase(turn).OwnSeconds * 1e6 / work.Records / times(turn));
        return name == "Loire embedded" ? $"together {own:F2} | " : $"{server:F2} | {own:F2}";
    }

    private double Median(Work work, string name, Func<Turn, double> figure) => Middle(Turns(work, name).Select(figure));

    private static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string Time(double microseconds) => microseconds < 10_000
        ? string.Create(CultureInfo.InvariantCulture, $"{microseconds:F0} µs")
        : string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1_000:F0} ms");

    private IEnumerable<string> Of(Work work) => contenders.Where(name => Turns(work, name).Count > 0);

    private List<Turn> Turns(Work work, string name) => [.. turns.Where(turn => turn.Work == work && turn.Contender == name)];
}
