using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Tests.Benches;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

/// <summary>
/// A member and commits go on while the group's silo dies at random storage calls. What was acknowledged is there afterwards, what was not
/// may be, and the member keeps its epoch and its partitions.
/// </summary>
public class GroupCrashTests
{
    private static readonly Task<StorageFault> Never = new TaskCompletionSource<StorageFault>().Task;

    [Fact]
    public void After_a_crash_at_any_point_the_group_has_every_acknowledged_change()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), out var given) ? given : 20260101;
        for (var run = seed; run < seed + 30; run++)
        {
            try
            {
                Run(new Random(run));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"LOIRE_SEED={run}", e);
            }
        }
    }

    private static void Run(Random random)
    {
        var bench = new GroupBench();
        bench.Topics["t"] = 5;
        var member = bench.Heartbeat("a", 0, ["t"]).Now();
        bench.Advance(TimeSpan.FromSeconds(3));
        member = bench.Heartbeat("a", member.MemberEpoch).Now();
        Assert.Equal(5, member.Assignment.Length);
        var possible = Enumerable.Range(0, 5).Select(_ => new HashSet<long> { -1 }).ToArray();
        for (var (round, offset) = (0, 0L); round < 20; round++)
        {
            ScheduleDeath(bench, random);
            List<(int Partition, long Offset, Task<CommitResult> Call)> calls = [];
            for (var i = random.Next(1, 30); i > 0; i--)
            {
                var (partition, next) = (random.Next(5), ++offset);
                calls.Add((partition, next, bench.Thread.Post(
                    () => bench.Driver.CommitAsync(GroupBench.Request("a", member.MemberEpoch, ("t", partition, next))))));
                if (random.Next(3) == 0)
                {
                    bench.Thread.Run();
                }
            }

            bench.Thread.Run();
            foreach (var (partition, next, call) in calls)
            {
                if (call.IsCompletedSuccessfully && call.Result.Error == ErrorCode.None)
                {
                    possible[partition] = [next];
                }
                else
                {
                    possible[partition].Add(next);
                }
            }

            bench.Storage.Faults = null;
            bench.Storage.Crash();
            bench.Restart();
            var back = bench.Heartbeat("a", member.MemberEpoch, owned: member.Assignment).Now();
            Assert.Equal((ErrorCode.None, member.MemberEpoch), (back.Error, back.MemberEpoch));
            Assert.Equal(member.Assignment.AsEnumerable(), back.Assignment.AsEnumerable());
            var stored = bench.Thread.Finish(() => bench.Driver.OffsetsAsync(null)).Offsets
                .ToDictionary(one => one.Partition.Partition, one => one.Offset.Value);
            for (var partition = 0; partition < possible.Length; partition++)
            {
                var found = stored.GetValueOrDefault(partition, -1);
                Assert.Contains(found, possible[partition]);
                possible[partition] = [found];
            }
        }
    }

    /// <summary>After a number of storage calls none is answered any more, whether or not it has its effect.</summary>
    private static void ScheduleDeath(GroupBench bench, Random random)
    {
        var (left, afterEffect) = (random.Next(0, 12), random.Next(2) == 0);
        bench.Storage.Faults = _ =>
            --left >= 0 ? Task.FromResult(StorageFault.None)
            : left == -1 && afterEffect ? Task.FromResult(StorageFault.AnswerLate(Never))
            : Never;
    }
}
