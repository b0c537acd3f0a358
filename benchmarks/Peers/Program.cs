using System.Runtime.InteropServices;
using Loire.Peers.Benchmarks;
using Loire.Peers.Benchmarks.Measuring;

// The same work on Loire and on what is installed of its peers, in turns; see README.md. Usage: benchmarks/peers.sh --help
if (Options.TryParse(args) is not { } options)
{
    Console.WriteLine(Options.Help);
    return args.Contains("--help") ? 0 : 2;
}

if (!Directory.Exists(options.Directory))
{
    Console.Error.WriteLine($"There is no directory {options.Directory}.");
    return 2;
}

var directory = Directory.CreateDirectory(Path.Combine(options.Directory, "loire-peers-" + Guid.NewGuid().ToString("N"))).FullName;
var stop = new TaskCompletionSource();
using var stopping = new CancellationTokenSource();
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

    // Without its servers what is under way fails, and nothing new begins; what was just starting is stopped with the rest.
    await contenders.DisposeAsync();
    await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
    stopping.Cancel();
    stop.TrySetResult();
}

async Task RunAsync()
{
    Console.WriteLine(
        $"{Environment.ProcessorCount} processors, .NET {Environment.Version}, {new DriveInfo(directory).DriveFormat} in {options.Directory}, {options.Rounds} rounds, "
        + $"{options.WindowBytes / 1024} KB in flight when batched\n");
    await contenders.StartAsync(directory, options.WindowBytes, stopping.Token);
    var all = contenders.Named(options.Only);
    foreach (var contender in all)
    {
        Console.WriteLine($"- **{contender.Name}**: {contender.Guarantee}");
    }

    var works = Work.All(options.Scale).Where(work => work.Name.Contains(options.Work, StringComparison.OrdinalIgnoreCase)).ToList();
    List<Turn> turns = [];
    using var bare = new BareSyncs(directory, works.Sum(work => work.Slices) * options.Rounds);

    // Round 0 is not counted: in it code is compiled and files get their first blocks.
    for (var round = 0; round <= options.Rounds; round++)
    {
        // Everyone follows everyone else once.
        var order = all.Skip(round % all.Count).Concat(all.Take(round % all.Count)).ToList();
        foreach (var work in works)
        {
            stopping.Token.ThrowIfCancellationRequested();
            Console.Error.WriteLine(round == 0 ? $"warming up: {work.Name}" : $"round {round}: {work.Name}");
            var sessions = order.Where(contender => contender.TakesPartIn(work)).Select(contender => new Session(contender, work, options.WindowBytes)).ToList();
            List<Turn> measured = [];
            if (work.IsBatched)
            {
                foreach (var session in sessions)
                {
                    stopping.Token.ThrowIfCancellationRequested();
                    await session.BeginAsync();
                    await session.ProduceAsync(0);
                    measured.Add(await session.EndAsync());
                }
            }
            else
            {
                await TakeTurnsAsync(work, sessions, round == 0 ? null : bare, measured);
            }

            if (round > 0)
            {
                turns.AddRange(measured);
            }
        }
    }

    new Report(turns, [.. all.Select(contender => contender.Name)], bare).Print(works);
}

// Slice by slice, with the bare disk among them.
static async Task TakeTurnsAsync(Work work, List<Session> sessions, BareSyncs? bare, List<Turn> measured)
{
    foreach (var session in sessions)
    {
        await session.BeginAsync();
    }

    for (var slice = 0; slice < work.Slices; slice++)
    {
        foreach (var session in sessions)
        {
            await session.ProduceAsync(slice);
        }

        bare?.Measure(work);
    }

    foreach (var session in sessions)
    {
        measured.Add(await session.EndAsync());
    }
}
