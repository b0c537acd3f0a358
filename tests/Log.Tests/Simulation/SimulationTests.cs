using System.Diagnostics;
using System.Globalization;
using Loire.Client.Tests;
using Xunit.Abstractions;

namespace Loire.Log.Tests.Simulation;

/// <summary>
/// Many short runs, each from its own seed. <c>LOIRE_SEED</c> repeats one, or with <c>LOIRE_SEEDS</c> says where to begin and how many to
/// run; <c>LOIRE_TRACE</c> names a file for everything that happened in the last one.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Events = 2_000;

    [Fact]
    public void Racing_owners_on_a_faulty_store_keep_every_invariant()
    {
        var (first, count) = Seeds(300);
        long steps = 0, acknowledged = 0, removed = 0;
        for (var seed = first; seed < first + count; seed++)
        {
            var simulation = new LogSimulation(seed);
            using var trace = TraceOf(simulation);
            simulation.Run(Events);
            Assert.True(simulation.Violations.Count == 0, $"LOIRE_SEED={seed}\n{string.Join('\n', simulation.Violations.Take(5))}");
            steps += simulation.Steps;
            acknowledged += simulation.Acknowledged;
            removed += simulation.Removed;
        }

        output.WriteLine($"seeds {first} to {first + count - 1}: {steps} steps, {acknowledged} values acknowledged, {removed} removed");
        Assert.True(acknowledged > count && (removed > count / 4 || count < 10), "the runs get something done");
    }

    /// <summary><c>LOIRE_FAULTS</c>, such as 60s or 150m, says how long; else it is a fixed number of runs.</summary>
    [Fact]
    public void Five_percent_of_all_calls_end_in_any_way_and_every_invariant_holds()
    {
        var (first, count) = Seeds(150);
        var (duration, started) = (OptInRun.Duration("LOIRE_FAULTS"), Stopwatch.GetTimestamp());
        first = duration > TimeSpan.Zero ? OptInRun.Seed() * 1000 : first;
        var (seed, acknowledged, removed) = (first, 0L, 0L);
        for (; seed < first + count || Stopwatch.GetElapsedTime(started) < duration; seed++)
        {
            var simulation = new LogSimulation(seed);
            using var trace = TraceOf(simulation);
            simulation.Run(Events, FaultOdds.Any(0.05));
            Assert.True(simulation.Violations.Count == 0, $"LOIRE_SEED={seed}\n{string.Join('\n', simulation.Violations.Take(5))}");
            acknowledged += simulation.Acknowledged;
            removed += simulation.Removed;
        }

        output.WriteLine($"seeds {first} to {seed - 1}: {acknowledged} values acknowledged, {removed} removed");
        Assert.True(acknowledged > count && (removed > count / 4 || count < 10), "the runs get something done");
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var (one, two) = (new LogSimulation(seed), new LogSimulation(seed));
            one.Run(Events);
            two.Run(Events);
            Assert.Equal(one.TraceHash, two.TraceHash);
        }

        var other = new LogSimulation(21);
        other.Run(Events);
        var first = new LogSimulation(1);
        first.Run(Events);
        Assert.NotEqual(first.TraceHash, other.TraceHash);
    }

    private static StreamWriter? TraceOf(LogSimulation simulation)
    {
        var trace = Environment.GetEnvironmentVariable("LOIRE_TRACE") is { } path ? new StreamWriter(path) : null;
        simulation.Tracing = trace is null ? null : trace.WriteLine;
        return trace;
    }

    private static (int First, int Count) Seeds(int byDefault)
    {
        var (seed, count) = (Environment.GetEnvironmentVariable("LOIRE_SEED"), Environment.GetEnvironmentVariable("LOIRE_SEEDS"));
        count ??= seed is null ? byDefault.ToString(CultureInfo.InvariantCulture) : "1";
        return (int.Parse(seed ?? "1", CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture));
    }
}
