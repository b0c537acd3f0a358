using Loire.Storage.Benchmarks;

// Every figure of the store stands beside what a bare loop of the same system calls reaches on the same directory in the same run; only the
// ratios mean something on a noisy machine. Usage: dotnet run -c Release --project benchmarks/Storage -- [directory] [name of one figure]
// Only the directory that this run creates within the given one is deleted.
var directory = Path.Combine(args.ElementAtOrDefault(0) ?? Path.GetTempPath(), "loire-bench-" + Guid.NewGuid().ToString("N"));
var only = args.Length > 1 ? args[1] : "";
Directory.CreateDirectory(directory);
var figures = new (string Name, Func<string, Task> Run)[]
{
    ("latency", Latency.RunAsync),
    ("throughput", Throughput.RunAsync),
    ("keys", Keys.RunAsync),
    ("read", ColdRead.RunAsync),
    ("open", OpenMany.RunAsync),
    ("files", ManyFiles.RunAsync),
    ("rewriting", Rewriting.RunAsync),
};
foreach (var (name, run) in figures)
{
    if (only is "" || only == name)
    {
        await run(Directory.CreateDirectory(Path.Combine(directory, name)).FullName);
    }
}

Directory.Delete(directory, recursive: true);
