using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Spectre.Console;

namespace Loire.Cli.Bench;

/// <summary>Prints the results of the phases: a table with percentiles and a small histogram of each, or JSON.</summary>
internal static class BenchReport
{
    private const int BarCharacters = 40;

    private static readonly (string Name, double Share)[] Percentiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99_9", 0.999)];

    public static void Write(
        Terminal terminal, OutputFormat format, BenchSettings settings, IReadOnlyList<(string Phase, BenchResult Result)> phases)
    {
        if (format != OutputFormat.Table)
        {
            Listing.WriteOne(terminal, format, ToJson(settings, phases));
            return;
        }

        terminal.Draw(console =>
        {
            string[] columns = ["phase", "records", "seconds", "records_per_s", "mb_per_s", "p50_ms", "p90_ms", "p99_ms", "p99_9_ms",
                "max_ms"];
            console.Write(Listing.Table([.. phases.Select(Row)], columns));
            foreach (var (phase, result) in phases.Where(entry => entry.Result.Latencies.Count > 0))
            {
                console.WriteLine();
                console.WriteLine(FormattableString.Invariant($"{phase}: {result.Latencies.Count} requests by latency"));
                console.Write(Histogram(result.Latencies));
            }
        });
    }

    private static JsonObject Row((string Phase, BenchResult Result) entry)
    {
        var row = new JsonObject
        {
            ["phase"] = entry.Phase,
            ["records"] = entry.Result.Records,
            ["seconds"] = Math.Round(entry.Result.Elapsed.TotalSeconds, 2),
            ["records_per_s"] = Math.Round(entry.Result.RecordsPerSecond),
            ["mb_per_s"] = Math.Round(entry.Result.MegabytesPerSecond, 1),
            ["max_ms"] = Milliseconds(entry.Result.Latencies.Max),
        };
        foreach (var (name, share) in Percentiles)
        {
            row[name + "_ms"] = Milliseconds(entry.Result.Latencies.Percentile(share));
        }

        return row;
    }

    private static Table Histogram(LatencyHistogram latencies)
    {
        var octaves = latencies.Octaves();
        var most = octaves.Max(octave => octave.Count);
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumn(new TableColumn("").RightAligned().NoWrap().PadLeft(0)).AddColumn(new TableColumn("").RightAligned().NoWrap())
            .AddColumn(new TableColumn("").NoWrap());
        foreach (var (upTo, count) in octaves)
        {
            var bar = new string('█', (int)Math.Ceiling((double)BarCharacters * count / most));
            table.AddRow(
                new Text(string.Create(CultureInfo.InvariantCulture, $"<= {Milliseconds(upTo)} ms")),
                new Text(count.ToString(CultureInfo.InvariantCulture)),
                new Text(bar, new Style(Color.Teal)));
        }

        return table;
    }

    private static JsonObject ToJson(BenchSettings settings, IReadOnlyList<(string Phase, BenchResult Result)> phases)
    {
        var document = new JsonObject
        {
            ["topic"] = settings.Topic,
            ["partitions"] = settings.PartitionsCount,
            ["record_bytes"] = settings.RecordBytes,
            ["batch_records"] = settings.BatchRecords,
            ["concurrency"] = settings.Concurrency,
            ["acks"] = settings.Acks,
            ["compression"] = settings.Compression.ToString().ToLowerInvariant(),
            ["seed"] = settings.Seed,
        };
        foreach (var (phase, result) in phases)
        {
            var latencies = new JsonObject();
            foreach (var (name, share) in Percentiles)
            {
                latencies[name] = Milliseconds(result.Latencies.Percentile(share));
            }

            latencies["max"] = Milliseconds(result.Latencies.Max);
            document[phase] = new JsonObject
            {
                ["records"] = result.Records,
                ["bytes"] = result.Bytes,
                ["seconds"] = result.Elapsed.TotalSeconds,
                ["records_per_second"] = result.RecordsPerSecond,
                ["megabytes_per_second"] = result.MegabytesPerSecond,
                ["requests"] = result.Latencies.Count,
                ["request_latency_ms"] = latencies,
                ["histogram"] = new JsonArray([.. result.Latencies.Octaves().Select(octave =>
                    new JsonObject { ["up_to_ms"] = Milliseconds(octave.UpTo), ["requests"] = octave.Count })]),
            };
        }

        return document;
    }

    // Three significant digits: more would be noise.
    private static double Milliseconds(TimeSpan duration)
    {
        var value = duration.TotalMilliseconds;
        return value <= 0 ? 0 : Math.Round(value, Math.Clamp(2 - (int)Math.Floor(Math.Log10(value)), 0, 4));
    }
}
