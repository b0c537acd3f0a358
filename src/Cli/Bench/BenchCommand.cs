using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;
using Loire.Model;
using Loire.Model.Batches;
using Spectre.Console;

namespace Loire.Cli.Bench;

/// <summary><c>loire bench</c>: produces, consumes, and reports throughput and latencies.</summary>
internal static class BenchCommand
{
    // A record's own overhead in a batch is below this.
    private const int RecordOverhead = 32;

    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(200);

    public static Command Create(Caller caller)
    {
        var topic = new Option<string?>("--topic", "-t")
        {
            Description = "An existing topic; by default one is created, and deleted at the end.",
            HelpName = "TOPIC",
        };
        var partitions = Make("--partitions", "-p", "N", "Partitions of the created topic.", 1);
        var records = Make("--records", "-n", "N", "Records to produce.", 200_000L);
        var size = Make("--size", "-s", "BYTES", "Bytes of each record's value.", 1024);
        var batch = Make("--batch", null, "N", "Records in a batch, which is one request.", 200);
        var concurrency = Make("--concurrency", "-c", "N", "Requests in flight.", 8);
        var acks = Make("--acks", "-a", "all|1|0", "Acknowledgement to wait for.", "all");
        acks.AcceptOnlyFromAmong("all", "-1", "1", "0");
        var codec = CodecOption.Create();
        var seed = Make("--seed", null, "N", "Seed of the records' bytes.", 1);
        var produceOnly = new Option<bool>("--produce-only") { Description = "Do not consume." };
        var command = new Command("bench", "Produces and consumes, and prints throughput and latencies.")
        {
            topic, partitions, records, size, batch, concurrency, acks, codec, seed, produceOnly, OutputOption.Instance,
        };
        command.SetAction(async (parsed, interrupted) =>
        {
            var name = parsed.GetValue(topic) is { } given ? TopicArgument.Check(given) : null;
            var wanted = new BenchSettings(
                name ?? string.Create(CultureInfo.InvariantCulture, $"loire-bench-{caller.Random.NextInt64():x}"),
                parsed.GetValue(partitions),
                parsed.GetValue(records),
                parsed.GetValue(size),
                parsed.GetValue(batch),
                parsed.GetValue(concurrency),
                parsed.GetValue(acks)!,
                CodecOption.Read(parsed, codec),
                parsed.GetValue(seed));
            Check(wanted);
            using var node = GlobalOptions.Connect(parsed, caller);
            if (name is null)
            {
                var body = new JsonObject { ["topic_name"] = wanted.Topic, ["partitions_count"] = wanted.PartitionsCount };
                await node.SendAsync(HttpMethod.Post, "v1/topics", body, interrupted);
            }
            else
            {
                wanted = wanted with { PartitionsCount = await node.PartitionsCountAsync(name, interrupted) };
            }

            try
            {
                var phases = await RunAsync(node, wanted, parsed.GetValue(produceOnly), caller, interrupted);
                BenchReport.Write(caller.Terminal, OutputOption.Of(parsed), wanted, phases);
            }
            finally
            {
                if (name is null)
                {
                    // Also after Ctrl-C: the created topic must not stay behind.
                    await DeleteAsync(node, wanted.Topic, caller);
                }
            }

            return 0;
        });
        return command;
    }

    private static Option<T> Make<T>(string name, string? alias, string helpName, string description, T fallback) =>
        new(name, alias is null ? [] : [alias]) { Description = description, HelpName = helpName, DefaultValueFactory = _ => fallback };

    private static async Task DeleteAsync(NodeClient node, string topic, Caller caller)
    {
        try
        {
            await node.SendAsync(HttpMethod.Delete, NodeClient.TopicPath(topic), null, CancellationToken.None);
        }
        catch (NodeException exception)
        {
            // The error that ended the run is reported; this one only leaves a topic behind.
            caller.Terminal.Error.WriteLine($"{exception.Line} Topic {topic} is left behind.");
        }
    }

    private static async Task<List<(string, BenchResult)>> RunAsync(
        NodeClient node, BenchSettings settings, bool producesOnly, Caller caller, CancellationToken interrupted)
    {
        var all = Enumerable.Range(0, settings.PartitionsCount).ToArray();
        var phases = new BenchPhases(node, settings, caller);
        async Task<long[]> EndsAsync() => await PartitionOffsets.EachAsync(
            all, async (partition, ending) =>
                (long)(await node.OffsetsAsync(settings.Topic, partition, ending))["high_watermark"]!, interrupted);

        var starts = await EndsAsync();
        List<(string, BenchResult)> results =
            [("produce", await ShowAsync("produce", phases.ProduceAsync(interrupted), phases, settings, caller))];
        if (!producesOnly)
        {
            var ends = await EndsAsync();
            results.Add(("consume", await ShowAsync("consume", phases.ConsumeAsync(starts, ends, interrupted), phases, settings, caller)));
        }

        return results;
    }

    private static async Task<BenchResult> ShowAsync(
        string name, Task<BenchResult> phase, BenchPhases phases, BenchSettings settings, Caller caller)
    {
        if (caller.Terminal.ShowsProgress)
        {
            await caller.Terminal.Progress().Progress().AutoClear(true).Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).StartAsync(
                    async progress =>
                {
                    var bar = progress.AddTask(name, maxValue: settings.Records);
                    var started = caller.Time.GetTimestamp();
                    while (await Task.WhenAny(phase, Task.Delay(Redraw, caller.Time)) != phase)
                    {
                        bar.Value = phases.Done;
                        var rate = phases.Done / caller.Time.GetElapsedTime(started).TotalSeconds;
                        bar.Description = string.Create(CultureInfo.InvariantCulture, $"{name} {rate:F0} records/s");
                    }
                });
        }

        return await phase;
    }

    private static void Check(BenchSettings settings)
    {
        var problem = settings.Records < 1 ? "--records must be at least 1."
            : settings.RecordBytes is < 0 or > Limits.BatchBytes / 2 ? $"--size must lie between 0 and {Limits.BatchBytes / 2}."
            : settings.BatchRecords < 1 ? "--batch must be at least 1."
            : settings.Concurrency is < 1 or > 10_000 ? "--concurrency must lie between 1 and 10000."
            : settings.PartitionsCount is < 1 or > Limits.PartitionsPerTopic
                ? $"--partitions must lie between 1 and {Limits.PartitionsPerTopic}."
            : RecordBatch.HeaderSize + ((long)settings.BatchRecords * (settings.RecordBytes + RecordOverhead)) > Limits.BatchBytes
                ? $"A batch of {settings.BatchRecords} records of {settings.RecordBytes} bytes is larger than {Limits.BatchBytes}."
            : !Enum.IsDefined(settings.Compression) ? "--compression must be none, gzip, snappy, lz4 or zstd."
            : null;
        if (problem is not null)
        {
            throw CliException.Usage(problem);
        }
    }
}
