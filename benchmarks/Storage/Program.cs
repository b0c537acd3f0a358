using Loire.Storage.Benchmarks;

// Every figure of the store stands beside what a bare loop of the same system calls reaches on the same directory in the same run; only the
// ratios mean something on a noisy machine. Usage: dotnet run -c Release --project benchmarks/Storage -- [directory] [name of one figure]
var directory = args.Length > 0 ? args[0] : Path.Combine(Path.GetTempPath(), "loire-storage-benchmark");
var only = args.Length > 1 ? args[1] : "";
Directory.CreateDirectory(directory);
var figures = new (string Name, Func<string, Task> Run)[]
{
    ("latency", Latency.RunAsync),
    ("throughput", Throughput.RunAsync),
    ("keys", Keys.RunAsync),
    ("read", ColdRead.RunAsync),
    ("open", OpenMany.RunAsync),
};
foreach (var (name, run) in figures)
{
    if (only is "" || only == name)
    {
        await run(Directory.CreateDirectory(Path.Combine(directory, name)).FullName);
    }
}

Directory.Delete(directory, recursive: true);
