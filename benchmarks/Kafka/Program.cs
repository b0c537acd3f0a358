using Loire.Kafka.Benchmarks;

// Measures Kafka's protocol with a load generator that sends frames made before, and with librdkafka, beside what else there is in the same run.
//   dotnet run -c Release --project benchmarks/Kafka [part of a name, to measure only those] [directory on the disk to measure]
var only = args.ElementAtOrDefault(0) ?? "";
var directory = Path.Combine(args.ElementAtOrDefault(1) ?? Path.GetTempPath(), "loire-bench-" + Guid.NewGuid().ToString("N"));
Directory.CreateDirectory(directory);
Console.WriteLine($"{Environment.ProcessorCount} processors, .NET {Environment.Version}, {directory}");
Console.WriteLine();
Row.Head();
try
{
    await Run("produce", ProduceBenchmarks.All);
    await Run("large", ProduceBenchmarks.Large);
    await Run("awaited", AwaitedBenchmarks.All);
    await Run("fetch", FetchBenchmarks.All);
    await Run("idle", IdleBenchmarks.Fetches);
    await Run("open", IdleBenchmarks.Open);
    await Run("new", IdleBenchmarks.New);
    await Run("confluent", ConfluentBenchmarks.All);
    await Run("compare", CompareBenchmarks.All);
}
finally
{
    Directory.Delete(directory, recursive: true);
}

async Task Run(string name, Func<string, Task> measure)
{
    if (name.Contains(only, StringComparison.Ordinal))
    {
        var own = Path.Combine(directory, name);
        Directory.CreateDirectory(own);
        await measure(own);
        Directory.Delete(own, recursive: true);
    }
}
