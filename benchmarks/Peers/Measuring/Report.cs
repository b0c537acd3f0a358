using System.Globalization;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>Tables of medians over the rounds; ratios are medians of ratios within one round, because the machine's speed changes between rounds.</summary>
internal sealed class Report(IReadOnlyList<Turn> turns, IReadOnlyList<string> contenders, string ours)
{
    public void Print(IReadOnlyList<Work> works, IReadOnlyList<double> bareMedians, IReadOnlyList<double> bareP99s)
    {
        foreach (var work in works)
        {
            Produce(work);
            if (!work.IsBatched && work.Streams == 1)
            {
                Console.WriteLine($"| a bare 4 KB write + fdatasync | | | | {Middle(bareMedians):F0} µs | {Middle(bareP99s):F0} µs | | | |");
            }
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
        Console.WriteLine($"| | records/s | MB/s | {ours} is faster by | p50 | p99 | CPU s per million: server | client | disk bytes per record |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var name in Of(work))
        {
            var rate = Median(work, name, turn => work.Records / turn.Produce.Seconds);
            var isEmbedded = Turns(work, name)[0].Produce.ServerSeconds == 0;
            Console.WriteLine(
                $"| {name} | {rate:N0} | {rate * work.RecordBytes / 1e6:F1} | {Ratio(work, name, turn => turn.Produce.Seconds)}"
                + $" | {Time(Median(work, name, turn => turn.MedianMicroseconds))} | {Time(Median(work, name, turn => turn.P99Microseconds))}"
                + $" | {Processor(work, name, turn => turn.Produce, isEmbedded)} | {Median(work, name, turn => turn.DiskBytesPerRecord):F0} |");
        }
    }

    private void Consume(Work work)
    {
        Console.WriteLine($"\n### Consume: {work.Name}, {work.Records:N0} records\n");
        Console.WriteLine($"| | records/s | MB/s | {ours} is faster by | CPU s per million: server | client | records/s per core, both together |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach (var name in Of(work))
        {
            var rate = Median(work, name, turn => work.Records / turn.Consume.Seconds);
            var perCore = Median(work, name, turn => work.Records / (turn.Consume.ServerSeconds + turn.Consume.OwnSeconds));
            var isEmbedded = Turns(work, name)[0].Produce.ServerSeconds == 0;
            Console.WriteLine(
                $"| {name} | {rate:N0} | {rate * work.RecordBytes / 1e6:F1} | {Ratio(work, name, turn => turn.Consume.Seconds)}"
                + $" | {Processor(work, name, turn => turn.Consume, isEmbedded)} | {perCore:N0} |");
        }
    }

    /// <summary>How many times as long another one took, in the middle of the rounds; null if one of the two was not there.</summary>
    private double? Ratio(Work work, string mine, string other, Func<Turn, double> seconds)
    {
        var (left, right) = (Turns(work, mine), Turns(work, other));
        return left.Count == 0 || right.Count == 0 ? null : Middle(left.Zip(right, (a, b) => seconds(b) / seconds(a)));
    }

    private double Median(Work work, string name, Func<Turn, double> figure) => Middle(Turns(work, name).Select(figure));

    private static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private string Ratio(Work work, string name, Func<Turn, double> seconds) =>
        name == ours ? "" : Ratio(work, ours, name, seconds) is { } ratio ? $"{ratio:F2}" : "";

    private string Processor(Work work, string name, Func<Turn, Phase> phase, bool isEmbedded)
    {
        var own = Median(work, name, turn => phase(turn).OwnSeconds * 1e6 / work.Records);
        return isEmbedded ? $"{own:F2} together | " : $"{Median(work, name, turn => phase(turn).ServerSeconds * 1e6 / work.Records):F2} | {own:F2}";
    }

    private static string Time(double microseconds) =>
        microseconds < 10_000 ? string.Create(CultureInfo.InvariantCulture, $"{microseconds:F0} µs") : string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1_000:F0} ms");

    private IEnumerable<string> Of(Work work) => contenders.Where(name => Turns(work, name).Count > 0);

    private List<Turn> Turns(Work work, string name) => [.. turns.Where(turn => turn.Work == work && turn.Contender == name)];
}
