using System.Globalization;
using Loire.Model;
using Loire.Model.Transactions;
using static Loire.Model.Transactions.TransactionVersion;

namespace Loire.Coordination.Tests.Transactions;

/// <summary>
/// Producers, zombies and operators use one id at random. A simple model remembers who is the newest producer and how each transaction ended; requests of
/// anybody else must change nothing.
/// </summary>
public class TransactionHistoryTests
{
    public static TheoryData<int> Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), CultureInfo.InvariantCulture, out var seed) ? [seed] : [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Only_the_newest_producer_decides_and_each_transaction_has_one_outcome(int seed)
    {
        try
        {
            Run(new Random(seed));
        }
        catch (Exception problem)
        {
            throw new InvalidOperationException($"LOIRE_SEED={seed}", problem);
        }
    }

    private static void Run(Random random)
    {
        var id = new TestTransactionalId();
        var given = new List<ProducerIdentity> { id.Init().Producer };
        var outcomes = new Dictionary<long, bool>();
        for (var step = 0; step < 2_000; step++)
        {
            id.Now = new Timestamp(id.Now.Milliseconds + random.Next(0, 10_000));
            var (before, status, number) = (id.State.Producer, id.State.Status, id.State.Number);
            var wasEnding = id.State.IsEnding;

            // Mostly the newest identity that anybody was given; often an older one.
            var caller = given[^Math.Min(given.Count, 1 + (random.Next(3) == 0 ? random.Next(4) : 0))];
            var (commits, version) = (random.Next(2) == 0, random.Next(2) == 0 ? V1 : V2);
            var request = random.Next(100);
            var answer = request switch
            {
                < 4 => id.Init(),
                < 10 => id.Init(caller),
                < 45 => id.Add(caller, random.Next(4)),
                < 50 => id.Verify(caller, random.Next(4)),
                < 75 => id.End(caller, commits, version),
                < 77 => id.Abort(),
                < 80 => id.TimeOut(),
                _ when wasEnding => Complete(id),
                _ => id.End(caller, commits, version),
            };
            if (answer.Producer != ProducerIdentity.None && given[^1] != answer.Producer)
            {
                Assert.Equal(id.State.Producer, answer.Producer);
                given.Add(answer.Producer);
            }

            Assert.False(answer.Error != ErrorCode.None && answer.Records.Count > 0 && request >= 10, "a refusal changed something");
            Assert.True(id.State.Number == number || (id.State.Number == number + 1 && id.State.Status == TransactionStatus.Ongoing), "the number jumped");
            Assert.True(id.State.Producer.Id != before.Id || id.State.Producer.Epoch >= before.Epoch, "the epoch went back");
            if (id.State.IsEnding && status == TransactionStatus.Ongoing)
            {
                Assert.True(outcomes.TryAdd(number, id.State.Commits), "a second outcome");
                Assert.True(caller == before || !id.State.Commits, "an old producer committed");
                Assert.True(id.State.IsForced == (id.State.RaisesEpoch && request is < 10 or (>= 75 and < 80)), "only its coordinator forces an abort");
            }

            if (id.State.IsEnding || id.State.Status is TransactionStatus.CompleteCommit or TransactionStatus.CompleteAbort)
            {
                Assert.True(id.State.Commits == outcomes.GetValueOrDefault(id.State.Number) || !id.State.Commits, "the outcome changed");
            }

            if (wasEnding)
            {
                Assert.True(id.State.Status == status || answer.Records is [Coordination.Transactions.TransactionRecord.Completed], "the end was forgotten");
            }
        }

        Assert.InRange(outcomes.Count, 20, 2_000);
        Assert.Contains(true, outcomes.Values);
        Assert.Contains(false, outcomes.Values);
        TransactionRulesTests.AssertReplays(id);
    }

    private static Coordination.Transactions.TransactionStep Complete(TestTransactionalId id)
    {
        id.Complete();
        return new(ErrorCode.None, null, [new Coordination.Transactions.TransactionRecord.Completed(id.Now)], ProducerIdentity.None);
    }
}
