using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;

namespace Loire.Edge.Tests.Topics;

public sealed class TopicCacheTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_known_topic_is_not_asked_again_until_it_is_too_old() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time);
        var topic = cluster.AddTopic("t", partitions: 3);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(3, (await cache.FindAsync(Name("t"), Minute, Minute)).Topic!.PartitionsCount);
        }

        Assert.Equal(1, topic.Descriptions);
        await Task.Delay(Minute + TimeSpan.FromSeconds(1), time);
        Assert.Null(cache.TryFind(Name("t"), Minute));
        await cache.FindAsync(Name("t"), Minute, Minute);
        Assert.Equal(2, topic.Descriptions);
    });

    [Fact]
    public void Concurrent_misses_share_one_question() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time);
        var topic = cluster.AddTopic("t");
        topic.BeforeDescribe = () => Task.Delay(TimeSpan.FromSeconds(1), time);
        var lookups = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => cache.FindAsync(Name("t"), Minute, Minute).AsTask()));
        Assert.Single(lookups.Select(lookup => lookup.Topic).Distinct());
        Assert.Equal(1, topic.Descriptions);
    });

    [Fact]
    public void A_topic_that_does_not_exist_is_not_remembered() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await cache.FindAsync(Name("t"), Minute, Minute)).Error);
        Assert.Equal(0, cache.Count);
        cluster.AddTopic("t");
        Assert.NotNull((await cache.FindAsync(Name("t"), Minute, Minute)).Topic);
    });

    [Fact]
    public void A_refresh_is_shared_by_callers_that_saw_the_same_outdated_topic() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time);
        var topic = cluster.AddTopic("t");
        var outdated = (await cache.FindAsync(Name("t"), Minute, Minute)).Topic!;
        topic.Recreate(4);
        var first = (await cache.RefreshAsync(outdated, 0, Minute)).Topic!;
        var second = (await cache.RefreshAsync(outdated, 0, Minute)).Topic!;
        Assert.Same(first, second);
        Assert.NotEqual(outdated.Id, first.Id);
        Assert.Equal(2, topic.Descriptions);
    });

    [Fact]
    public void A_refresh_does_not_take_an_answer_that_was_on_its_way_before_it() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time);
        var topic = cluster.AddTopic("t");
        var outdated = (await cache.FindAsync(Name("t"), Minute, Minute)).Topic!;

        // The topic has answered the first question, but the answer takes its time.
        var slow = true;
        topic.AfterDescribe = () => slow ? Task.Delay(TimeSpan.FromSeconds(1), time) : Task.CompletedTask;
        var older = cache.FindAsync(Name("t"), TopicCache.Fresh, Minute).AsTask();
        await Task.Delay(TimeSpan.FromMilliseconds(100), time);
        topic.Recreate(4);
        slow = false;
        var refreshed = (await cache.RefreshAsync(outdated, 0, Minute)).Topic!;
        Assert.Equal(4, refreshed.PartitionsCount);
        Assert.Equal(1, (await older).Topic!.PartitionsCount);
    });

    [Fact]
    public void A_caller_without_a_bound_waits_for_its_own_question_after_one_that_was_on_its_way() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time);
        var topic = cluster.AddTopic("t");
        topic.AfterDescribe = () => Task.Delay(TimeSpan.FromSeconds(1), time);
        var older = cache.FindAsync(Name("t"), TopicCache.Fresh, Timeout.InfiniteTimeSpan).AsTask();
        await Task.Delay(TimeSpan.FromMilliseconds(100), time);
        var newer = cache.FindAsync(Name("t"), TopicCache.Fresh, Timeout.InfiniteTimeSpan).AsTask();
        Assert.Equal(ErrorCode.None, (await older).Error);
        Assert.Equal(ErrorCode.None, (await newer).Error);
        Assert.Equal(2, topic.Descriptions);
    });

    [Fact]
    public void A_topic_out_of_reach_stays_known_and_the_caller_learns_why() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time);
        var topic = cluster.AddTopic("t");
        var known = (await cache.FindAsync(Name("t"), Minute, Minute)).Topic!;
        topic.Exception = new TimeoutException();
        var lookup = await cache.RefreshAsync(known, 0, Minute);
        Assert.Equal((null, ErrorCode.RequestTimedOut), (lookup.Topic, lookup.Error));
        Assert.IsType<TimeoutException>(lookup.Cause);
        Assert.Same(known, cache.TryFind(Name("t"), Minute));

        topic.Exception = null;
        topic.BeforeDescribe = () => Task.Delay(Minute, time);
        Assert.Equal(ErrorCode.RequestTimedOut, (await cache.FindAsync(Name("t"), TopicCache.Fresh, TimeSpan.FromSeconds(2))).Error);
    });

    [Fact]
    public void A_forgotten_topic_is_asked_again() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time);
        var topic = cluster.AddTopic("t");
        await cache.FindAsync(Name("t"), Minute, Minute);
        topic.Define(7, Limits.DefaultMaxMessageBytes);
        cache.Forget(Name("t"));
        Assert.Equal(7, (await cache.FindAsync(Name("t"), Minute, Minute)).Topic!.PartitionsCount);
    });

    [Fact]
    public void A_full_cache_forgets_the_topics_asked_longest_ago() => VirtualTime.Run(async time =>
    {
        var (cluster, cache) = Make(time, capacity: 20);
        for (var i = 0; i < 100; i++)
        {
            cluster.AddTopic($"t{i}");
            await cache.FindAsync(Name($"t{i}"), Minute, Minute);
            await Task.Delay(TimeSpan.FromMilliseconds(1), time);
            Assert.InRange(cache.Count, 1, 20);
        }

        Assert.NotNull(cache.TryFind(Name("t99"), Minute));
        Assert.Null(cache.TryFind(Name("t0"), Minute));
    });

    private static (FakeCluster Cluster, TopicCache Cache) Make(ManualTime time, int capacity = 1_000)
    {
        var cluster = new FakeCluster();
        return (cluster, new TopicCache(cluster.Factory, time, new BackgroundWork(SynchronizationContext.Current), capacity));
    }

    private static TopicName Name(string name) => TopicName.Parse(name);
}
