using System.Diagnostics;
using Loire.Client.Tests;
using Xunit.Abstractions;

namespace Loire.Samples.Tests.ExactlyOnce;

/// <summary>
/// Rounds of faults while payments flow, and then the comparison: what the sample has stored is what the topic holds. A short run of a few rounds; with
/// LOIRE_EXACTLY_ONCE=10m the same goes on for ten minutes.
/// </summary>
internal sealed class FaultRun(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public int Seed { get; } = OptInRun.Seed();

    public Progress Progress { get; } = new();

    /// <summary>Runs the rounds in turn, at least once each.</summary>
    /// <param name="node">The node that has the topic.</param>
    /// <param name="rounds">The rounds.</param>
    /// <param name="stored">What the sample has stored: each account's balance and number of entries.</param>
    /// <param name="logged">What the sample has logged, for a failure.</param>
    public async Task RunAsync(
        HttpClient node, IReadOnlyList<Func<Task>> rounds, Func<Task<Dictionary<string, (long Balance, long Entries)>>> stored, Func<string> logged)
    {
        Say($"LOIRE_SEED={Seed}");
        var topic = new PaymentsTopic(node, new Random(Seed));
        using var end = new CancellationTokenSource();
        var producing = topic.ProduceAsync(Progress, end.Token);
        var (begun, duration, done) = (Stopwatch.GetTimestamp(), OptInRun.Duration("LOIRE_EXACTLY_ONCE"), 0);
        for (; done < rounds.Count || Stopwatch.GetElapsedTime(begun) < duration; done++)
        {
            await rounds[done % rounds.Count]();
        }

        await end.CancelAsync();
        await producing;
        var expected = await topic.ExpectedAsync();
        var found = await stored();
        for (begun = Stopwatch.GetTimestamp(); Entries(found) < Entries(expected); found = await stored())
        {
            // A process that was killed may not have logged its last list, so only the store tells the end.
            Assert.True(Stopwatch.GetElapsedTime(begun) < Patience, $"{Entries(found)} of {Entries(expected)} entries came:\n{logged()}");
            await Task.Delay(20);
        }

        Say($"{done} rounds, {Entries(expected)} entries, {Progress.Repeated} lists that another process had applied");
        Assert.Equal(expected.OrderBy(account => account.Key), found.OrderBy(account => account.Key));
    }

    public void Say(string what)
    {
        output.WriteLine(what);

        // A long run shows where it is; the output of a test comes when it has ended.
        System.Console.Error.WriteLine(what);
    }

    private static long Entries(Dictionary<string, (long Balance, long Entries)> accounts) => accounts.Values.Sum(account => account.Entries);
}
