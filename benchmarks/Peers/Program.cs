using System.Runtime.InteropServices;
using Loire.Peers.Benchmarks;
using Loire.Peers.Benchmarks.Measuring;

// The same work on Loire and on what is installed of its peers, in turns; see README.md. Usage: benchmarks/peers.sh --help
if (Options.TryParse(args) is not { } options)
{
    Console.WriteLine(Options.Help);
    return args.Contains("--help") ? 0 : 2;
}

var directory = Directory.CreateDirectory(Path.Combine(options.Directory, "loire-peers-" + Guid.NewGuid().ToString("N"))).FullName;
var stop = new TaskCompletionSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var contenders = new Contenders();
try
{
    var run = RunAsync();
    if (await Task.WhenAny(run, stop.Task) == run)
    {
        await run;
        return 0;
    }

    Console.Error.WriteLine("Stopped.");
    return 130;
}
finally
{
    await contenders.DisposeAsync();
    Directory.Delete(directory, recursive: true);
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.TrySetResult();
}

async Task RunAsync()
{
    Console.WriteLine(
        $"{Environment.ProcessorCount} processors, .NET {Environment.Version}, {new DriveInfo(directory).DriveFormat} in {options.Directory}, {options.Rounds} rounds, "
        + $"{options.WindowBytes / 1024} KB in flight when batched\n");
    await contenders.StartAsync(directory, options.Only);
    foreach (var contender in contenders.All)
    {
        Console.WriteLine($"- **{contender.Name}**: {contender.Guarantee}");
    }

    var works = Works.All(options.Scale).Where(work => work.Name.Contains(options.Work, StringComparison.OrdinalIgnoreCase)).ToList();
    List<Turn> turns = [];
    List<double> bareMedians = [], bareP99s = [];

    // Round 0 is not counted: in it code is compiled and files get their first blocks.
    for (var round = 0; round <= options.Rounds; round++)
    {
        foreach (var work in works)
        {
            Console.Error.WriteLine(round == 0 ? $"warming up: {work.Name}" : $"round {round}: {work.Name}");
            if (work is { IsBatched: false, Streams: 1 } && round > 0)
            {
                var (median, p99) = Works.BareSync(directory);
                bareMedians.Add(median);
                bareP99s.Add(p99);
            }

            foreach (var contender in contenders.All)
            {
                var turn = await Turn.RunAsync(contender, work, options.WindowBytes);
                if (round > 0)
                {
                    turns.Add(turn);
                }
            }
        }
    }

    new Report(turns, [.. contenders.All.Select(contender => contender.Name)], contenders.All[0].Name).Print(works, bareMedians, bareP99s);
}
