using Loire.Grains.Groups;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Tests.Benches;
using Loire.Model.Transactions;
using Loire.TestKit;
using Xunit.Abstractions;

namespace Loire.Grains.Tests.Groups;

/// <summary>
/// Three transactions of a group, one call of storage of which goes wrong in each way. A producer and a coordinator repeat what failed. In the end exactly the offsets of the transactions that committed count.
/// </summary>
public class GroupTransactionsSweep(ITestOutputHelper output)
{
    private static readonly Task<StorageFault> Never = new TaskCompletionSource<StorageFault>().Task;

    private static readonly (string Name, bool Dies, Func<StorageFault> Of)[] _faults =
    [
        ("the silo dies before it", true, () => StorageFault.ArriveLate(new IOException("never sent"), Never)),
        ("the silo dies after it", true, () => StorageFault.AnswerLate(Never)),
        ("it is refused", false, () => StorageFault.Refuse(new IOException("refused"))),
        ("its answer is lost", false, () => StorageFault.LoseAnswer(new IOException("lost"))),
    ];

    [Fact]
    public void One_call_that_goes_wrong_loses_no_committed_offset_and_keeps_no_aborted_one()
    {
        var calls = new List<StorageOperation>();
        Run(call =>
        {
            calls.Add(call.Operation);
            return Task.FromResult(StorageFault.None);
        });
        Assert.InRange(calls.Count, 12, 200);
        foreach (var (name, dies, fault) in _faults)
        {
            for (var at = 0; at < calls.Count; at++)
            {
                try
                {
                    var left = at;
                    Run(_ => --left >= 0 || (left < -1 && !dies) ? Task.FromResult(StorageFault.None) : left == -1 ? Task.FromResult(fault()) : Never);
                }
                catch (Exception problem)
                {
                    throw new InvalidOperationException($"call {at}, a {calls[at]}: {name}", problem);
                }
            }
        }

        output.WriteLine($"{calls.Count} calls, {_faults.Length * calls.Count} runs");
    }

    private static void Run(Func<StorageCall, Task<StorageFault>> faults)
    {
        var bench = new GroupBench();
        bench.Storage.Faults = faults;
        Repeat(bench, driver => driver.CommitAsync(GroupBench.Request(null, -1, ("t", 0, 1), ("t", 1, 1))));
        Pend(bench, 1, ("t", 0, 2), ("t", 2, 2));
        Pend(bench, 2, ("t", 0, 9), ("t", 3, 9));
        End(bench, 1, commits: true);
        Pend(bench, 1, ("t", 1, 3));
        End(bench, 2, commits: false);
        var last = End(bench, 1, commits: true);
        RepeatCode(bench, driver => driver.EndTransactionAsync(last));
        bench.Storage.Faults = null;
        bench.Storage.Crash();
        bench.Restart();
        var result = bench.Thread.Finish(() => bench.Driver.OffsetsAsync(null));
        Assert.Equal(("t-0:2 t-1:3 t-2:2", null), (GroupBench.Text(result), result.Pending));
    }

    private static void Pend(GroupBench bench, long producer, params (string Topic, int Partition, long Offset)[] offsets) => Repeat(
        bench,
        driver => driver.CommitInTransactionAsync(new TransactionalCommitRequest(
            FakeCoordinator.IdOf(producer), bench.Transactions.Producer(producer), TransactionVersion.V2, GroupBench.Request(null, -1, offsets))));

    private static TransactionMarker End(GroupBench bench, long producer, bool commits)
    {
        var marker = bench.Transactions.End(producer, commits);
        RepeatCode(bench, driver => driver.EndTransactionAsync(marker));
        bench.Transactions.Told(producer);
        return marker;
    }

    private static void Repeat(GroupBench bench, Func<GroupDriver, Task<CommitResult>> call) => RepeatCode(bench, async driver =>
    {
        var result = await call(driver);
        Assert.Empty(result.Refused);
        return result.Error;
    });

    /// <summary>Repeats a call until it succeeds, in another activation after each failure.</summary>
    private static void RepeatCode(GroupBench bench, Func<GroupDriver, Task<ErrorCode>> call)
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var answer = bench.Thread.Start(() => call(bench.Driver));
            if (answer.IsCompletedSuccessfully && answer.Result == ErrorCode.None)
            {
                return;
            }

            // A call of storage that failed is repeated with time; one without an answer times out.
            bench.Advance(TimeSpan.FromMinutes(2));
            if (answer.IsCompletedSuccessfully && answer.Result == ErrorCode.None)
            {
                return;
            }

            bench.Storage.Faults = null;
            bench.Storage.Crash();
            bench.Restart();
        }

        Assert.Fail("the call does not succeed");
    }
}
