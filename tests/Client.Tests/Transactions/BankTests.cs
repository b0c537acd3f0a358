using System.Diagnostics;
using Xunit.Abstractions;

namespace Loire.Client.Tests.Transactions;

/// <summary>
/// Transfers of money in transactions, while silos pause, lose storage, stop and die, and producers vanish or come back after others have taken over. A short run
/// of a few rounds; with LOIRE_EXACTLY_ONCE=10m the same goes on for ten minutes.
/// </summary>
public sealed class BankTests(ITestOutputHelper output)
{
    private const int Rounds = 3;

    [Fact]
    public async Task Whatever_happens_to_silos_and_producers_every_transfer_counts_whole_or_not_at_all()
    {
        var seed = OptInRun.Seed();
        Say($"LOIRE_SEED={seed}");
        await using var run = new BankRun(seed, Say);
        await run.BeginAsync();
        var (begun, duration) = (Stopwatch.GetTimestamp(), OptInRun.Duration("LOIRE_EXACTLY_ONCE"));
        while (run.Transfers.Problems.IsEmpty && (run.Rounds < Rounds || Stopwatch.GetElapsedTime(begun) < duration))
        {
            await run.RoundAsync();
        }

        if (run.Transfers.Problems.IsEmpty)
        {
            await run.EndAsync();
        }

        Say($"{run.Rounds} rounds: {run.Transfers.Summary()}");
        Assert.Empty(run.Transfers.Problems);
        Assert.True(run.Transfers.CountOf("transfers committed") > 0 && run.Transfers.CountOf("transactions aborted") > 0, "Nothing was compared.");

        void Say(string what)
        {
            output.WriteLine(what);

            // A long run shows where it is; the output of a test comes when it has ended.
            Console.Error.WriteLine(what);
            OptInRun.Log(what);
        }
    }
}
