using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Calls.Benchmarks;

// Measures calls between grains of one silo: nanoseconds a call, calls a second, bytes allocated a call; medians of several rounds, all in
// one run.   dotnet run -c Release --project benchmarks/Orleans.Calls [seconds a round] [part of a name, to measure only those]
var seconds = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 0.5;
var only = args.ElementAtOrDefault(1);
const int Rounds = 5;
const int Batch = 10_000;

var builder = Host.CreateEmptyApplicationBuilder(null);
builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
builder.UseOrleans(silo => silo.UseLocalhostClustering(siloPort: 21_111, gatewayPort: 31_111));
using var host = builder.Build();
await host.StartAsync();
var grains = host.Services.GetRequiredService<IGrainFactory>();
var callers = Enumerable.Range(0, 64).Select(i => grains.GetGrain<ICaller>($"caller {i}")).ToArray();
var targets = Enumerable.Range(0, 64).Select(i => grains.GetGrain<ITarget>($"target {i}")).ToArray();
await using var handMade = new HandMade();
var plain = new Target[] { new PlainTarget() };

Console.WriteLine($"{Environment.ProcessorCount} processors, {typeof(IGrain).Assembly.GetName().Name}, .NET {Environment.Version}");
Console.WriteLine();
Console.WriteLine("| what | ns/call | calls/s | bytes/call |");
Console.WriteLine("|---|---:|---:|---:|");
await Measure("virtual call, value task", async () =>
{
    for (var i = 0; i < Batch; i++)
    {
        await plain[0].Add(i, i);
    }
});
await Measure("channel and completion source, one caller", async () =>
{
    for (var i = 0; i < Batch; i++)
    {
        await handMade.Add(i, i);
    }
});
await Measure("grain to grain, one after the other, ValueTask", () => callers[0].CallValueTask(targets[0], Batch));
await Measure("grain to grain, one after the other, Task", () => callers[0].CallTask(targets[0], Batch));
await Measure("grain to grain, one after the other, grain awaits once", () => callers[0].CallLater(targets[0], Batch));
await Measure("grain to grain, 64 at once", () => callers[0].CallManyAtOnce(targets[0], Batch, 64));
foreach (var pairs in new[] { 8, 64 })
{
    await Measure(
        $"{pairs} grains to {pairs} others, one after the other",
        () => Task.WhenAll(Enumerable.Range(0, pairs).Select(i => callers[i].CallValueTask(targets[i], Batch / pairs))));
}

await Measure("host to grain, one after the other", async () =>
{
    for (var i = 0; i < Batch; i++)
    {
        await targets[0].Add(i, i);
    }
});
await Measure(
    "host to 64 grains, all at once", () => Task.WhenAll(Enumerable.Range(0, Batch).Select(i => targets[i % 64].AddAsTask(i, i))));
var made = 0;
await Measure("first call of a new grain", async () =>
{
    for (var i = 0; i < Batch; i++)
    {
        await grains.GetGrain<ITarget>($"new {made++}").Nothing();
    }
});

// What an activation keeps while it does nothing: its grain here is an empty object.
const int Kept = 100_000;
var before = GC.GetTotalMemory(forceFullCollection: true);
for (var i = 0; i < Kept; i++)
{
    await grains.GetGrain<ITarget>($"kept {i}").Nothing();
}

var bytesEach = (GC.GetTotalMemory(forceFullCollection: true) - before) / Kept;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nAn idle activation keeps {bytesEach:N0} bytes in memory."));
await host.StopAsync();

async Task Measure(string what, Func<Task> batch)
{
    if (only is not null && !what.Contains(only, StringComparison.OrdinalIgnoreCase))
    {
        return;
    }

    await batch();
    await batch();
    List<(double Nanoseconds, double Bytes)> rounds = [];
    for (var round = 0; round < Rounds; round++)
    {
        var calls = 0L;
        var bytes = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            await batch();
            calls += Batch;
        }

        rounds.Add((watch.Elapsed.TotalNanoseconds / calls, (GC.GetTotalAllocatedBytes() - bytes) / (double)calls));
    }

    var (nanoseconds, allocated) = rounds.OrderBy(round => round.Nanoseconds).ElementAt(Rounds / 2);
    var line = string.Create(CultureInfo.InvariantCulture, $"| {what} | {nanoseconds:N0} | {1e9 / nanoseconds:N0} | {allocated:N0} |");
    Console.WriteLine(line);
}

internal sealed class PlainTarget : Target;
