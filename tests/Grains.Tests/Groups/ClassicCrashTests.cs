using System.Text;
using Loire.Grains.Tests.Benches;
using Loire.Model.Groups;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

/// <summary>
/// The silo of a classic group dies at each storage call of a rebalance in turn, with or without its effect: no call is answered twice or with what is not
/// durable, an assignment that a member got is still there, and members come together again.
/// </summary>
public class ClassicCrashTests
{
    private static readonly Task<StorageFault> Never = new TaskCompletionSource<StorageFault>().Task;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_crash_at_any_storage_call_members_go_on_or_join_again(bool afterEffect)
    {
        for (var call = 0; ; call++)
        {
            var bench = new GroupBench(configure: ClassicGroupTests.NoDelay);
            var (a, b) = ClassicGroupTests.Two(bench);
            var left = call;
            bench.Storage.Faults = _ =>
                --left >= 0 ? Task.FromResult(StorageFault.None)
                : left == -1 && afterEffect ? Task.FromResult(StorageFault.AnswerLate(Never))
                : Never;
            var joined = new[] { ClassicGroupTests.Join(bench, "b", b.MemberId, metadata: "new"), ClassicGroupTests.Join(bench, "a", a.MemberId) };
            bench.Thread.Run();
            var synced = new[]
            {
                ClassicGroupTests.Sync(bench, b.MemberId, 3), ClassicGroupTests.Sync(bench, a.MemberId, 3, (a.MemberId, "A"), (b.MemberId, "B")),
            };
            bench.Thread.Run();
            var isOver = left >= 0;

            // The generation is told to all or to nobody, and so is the assignment.
            Assert.Equal(joined[0].IsCompleted, joined[1].IsCompleted);
            Assert.Equal(Assigned(synced[0]), Assigned(synced[1]));
            bench.Storage.Faults = null;
            bench.Storage.Crash();
            bench.Restart();
            var generation = bench.Describe().Group!.Epoch;
            Assert.InRange(generation, Assigned(synced[0]) ? 3 : 2, 3);
            var kept = ClassicGroupTests.Sync(bench, b.MemberId, generation).Now();
            Assert.Equal((ErrorCode.None, generation == 3 ? "B" : "b"), (kept.Error, Encoding.UTF8.GetString(kept.Assignment.Span)));

            // A leader of the lost generation cannot assign to the next one.
            var next = ClassicGroupTests.Join(bench, "b", b.MemberId, metadata: "newer");
            a = ClassicGroupTests.Join(bench, "a", a.MemberId).Now();
            Assert.True(a.Generation > generation && (!joined[0].IsCompleted || a.Generation > 3), $"after {call} calls: {a.Generation} follows {generation}");
            Assert.Equal((a.Generation, a.MemberId), (next.Now().Generation, next.Now().Leader));
            Assert.Equal(
                a.Generation == 3 ? ErrorCode.None : ErrorCode.IllegalGeneration,
                ClassicGroupTests.Sync(bench, a.MemberId, 3, (a.MemberId, "late")).Now().Error);
            Assert.Equal(ErrorCode.None, ClassicGroupTests.Sync(bench, a.MemberId, a.Generation, (a.MemberId, "A2"), (b.MemberId, "B2")).Now().Error);
            Assert.Equal(ErrorCode.None, ClassicGroupTests.Beat(bench, a));
            if (isOver)
            {
                Assert.True(call > 1, $"a rebalance takes more than {call} storage calls");
                return;
            }
        }
    }

    [Fact]
    public void Of_two_activations_only_one_begins_a_generation()
    {
        var bench = new GroupBench(configure: ClassicGroupTests.NoDelay);
        var (a, b) = ClassicGroupTests.Two(bench);
        var rival = bench.Rival();
        Assert.Equal(ErrorCode.None, ClassicGroupTests.Beat(rival, a));
        var late = ClassicGroupTests.Join(bench, "b", b.MemberId, metadata: "other");
        var join = ClassicGroupTests.Join(rival, "b", b.MemberId, metadata: "other");
        Assert.Equal(3, ClassicGroupTests.Join(rival, "a", a.MemberId).Now().Generation);
        Assert.Equal(3, join.Now().Generation);
        Assert.Equal(ErrorCode.NotCoordinator, ClassicGroupTests.Join(bench, "a", a.MemberId).Now().Error);
        Assert.Equal(ErrorCode.NotCoordinator, late.Now().Error);
    }

    private static bool Assigned(Task<ClassicSynced> sync) => sync.IsCompletedSuccessfully && sync.Result.Error == ErrorCode.None;
}
