using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.TestKit;

namespace Loire.Grains.Tests.Topics;

/// <summary>
/// The cluster crashes at every single storage call of an operation, before the call has its effect and after it, and comes back on what is
/// stored. Whatever was interrupted is then settled: a topic exists with all its acknowledged data, or nothing of it does.
/// </summary>
public class CrashTests
{
    private static readonly Task<StorageFault> Never = new TaskCompletionSource<StorageFault>().Task;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_interrupted_creation_is_atomic(bool afterEffect)
    {
        var points = Sweep(afterEffect, _ => { }, bench => bench.Topic("t").CreateAsync(TopicsBench.Request(3)), bench =>
        {
            var described = bench.Describe("t");
            Assert.True(described.Error is ErrorCode.None or ErrorCode.UnknownTopicOrPartition);
            Assert.Equal(described.Error == ErrorCode.None ? "other t" : "other", bench.List());
            Assert.Equal(described.Error == ErrorCode.None ? ErrorCode.TopicAlreadyExists : ErrorCode.None, bench.Create("t", 3).Error);
            Assert.Equal(0, bench.Append(TopicsBench.Key(bench.Describe("t"), 2), "v").BaseOffset.Value);
        });
        Assert.InRange(points, 3, 100);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_interrupted_deletion_is_atomic(bool afterEffect)
    {
        TopicResult topic = null!;
        void Prepare(TopicsBench bench)
        {
            topic = bench.Create("t", 2);
            foreach (var i in Enumerable.Range(0, 4))
            {
                bench.Append(TopicsBench.Key(topic, i % 2), "v" + i);
            }
        }

        var points = Sweep(afterEffect, Prepare, bench => bench.Topic("t").DeleteAsync(), bench =>
        {
            var described = bench.Describe("t");
            if (described.Error == ErrorCode.None)
            {
                Assert.Equal("other t", bench.List());
                Assert.Equal(("0:v0 1:v2", "0:v1 1:v3"), (bench.Read(TopicsBench.Key(topic, 0)), bench.Read(TopicsBench.Key(topic, 1))));
                Assert.Equal(ErrorCode.None, bench.Delete("t").Error);
            }

            Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Describe("t").Error);
            Assert.Equal("other", bench.List());
            Assert.DoesNotContain(bench.Storage.Keys, key =>
                key.Contains("topic/t", StringComparison.Ordinal) || key.Contains(topic.Topic!.Id.ToString(), StringComparison.Ordinal));
            var again = bench.Create("t", 2);
            Assert.Equal("", bench.Read(TopicsBench.Key(again, 0)));
        });
        Assert.InRange(points, 8, 200);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_interrupted_change_is_atomic(bool afterEffect)
    {
        var points = Sweep(
            afterEffect,
            bench => bench.Create("t", 1),
            async bench =>
            {
                await bench.Topic("t").AddPartitionsAsync(2, false);
                return await bench.Topic("t").AlterConfigsAsync(new AlterConfigsRequest([new("retention.ms", "7")], false));
            },
            bench =>
            {
                var topic = bench.Describe("t").Topic!;
                var altered = topic.Configs.Any(config => config is { Name: "retention.ms", Value: "7" });
                Assert.True(!altered || topic.PartitionsCount == 2, "the later change without the earlier one");
                Assert.Equal("other t", bench.List());
            });
        Assert.InRange(points, 2, 100);
    }

    /// <summary>Crashes at one storage call after the other until the operation gets through; returns at how many.</summary>
    private static int Sweep(
        bool afterEffect, Action<TopicsBench> prepare, Func<TopicsBench, Task<TopicResult>> operation, Action<TopicsBench> check)
    {
        for (var point = 1; ; point++)
        {
            var bench = new TopicsBench();
            bench.Create("other");
            prepare(bench);
            var effects = 0;
            bench.Storage.Faults = call => call.Operation == StorageOperation.Read && effects < point ? Task.FromResult(StorageFault.None)
                : ++effects < point ? Task.FromResult(StorageFault.None)
                : effects == point && afterEffect ? Task.FromResult(StorageFault.AnswerLate(Never))
                : Never;
            var interrupted = bench.Thread.Start(() => operation(bench));
            if (interrupted.IsCompleted)
            {
                Assert.Equal(ErrorCode.None, interrupted.Now().Error);
                return point - 1;
            }

            var restarted = new TopicsBench(bench.Storage.Clone());
            restarted.Settle();
            Assert.False(restarted.Catalog.HasUnsettled, $"after a crash at storage call {point}");
            check(restarted);
            restarted.Settle();
        }
    }
}
