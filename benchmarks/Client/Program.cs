using Loire.Client.Benchmarks;

// Measures the client over a node with a file store in the same process, beside bare writes, all in one run; medians of rounds.
//   dotnet run -c Release --project benchmarks/Client [directory on the disk to measure] [part of a name, to measure only those]
var directory = Path.Combine(args.ElementAtOrDefault(0) ?? Path.GetTempPath(), "loire-bench-" + Guid.NewGuid().ToString("N"));
var only = args.ElementAtOrDefault(1) ?? "";
Directory.CreateDirectory(directory);
Console.WriteLine(
    $"{Environment.ProcessorCount} processors, {typeof(IGrain).Assembly.GetName().Name}, .NET {Environment.Version}, {directory}");
Console.WriteLine();
Console.WriteLine("| what | figure | beside | ratio | target |");
Console.WriteLine("|---|---:|---:|---:|---|");
try
{
    await Run("enqueue", ProduceBenchmarks.Enqueue);
    await Run("batch", ProduceBenchmarks.Batch);
    await Run("single", ProduceBenchmarks.Single);
    await Run("consume", ConsumeBenchmarks.All);
    await Run("alone", ProduceBenchmarks.Alone);
    await Run("idempotence", IdempotenceBenchmarks.All);
    await Run("transactions", TransactionBenchmarks.All);
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
