using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;

namespace Loire.Edge.Tests.Topics;

public sealed class TopicNamesTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void A_topic_that_was_looked_up_by_its_name_is_known_by_its_id() => VirtualTime.Run(async time =>
    {
        var (cluster, cache, names) = Make(time);
        var topic = Add(cluster, "t", 1);
        Assert.Null(names.TryFind(topic.Id));
        await cache.FindAsync("t", Minute, Minute);
        Assert.Equal("t", names.TryFind(topic.Id)?.Value);
        Assert.Equal("t", (await names.FindAsync(topic.Id))?.Value);
        Assert.Equal(1, topic.Descriptions);
    });

    [Fact]
    public void A_topic_that_nobody_looked_up_is_searched_for_once_for_all_who_ask() => VirtualTime.Run(async time =>
    {
        var (cluster, _, names) = Make(time);
        FakeTopic[] topics = [.. Enumerable.Range(1, 200).Select(i => Add(cluster, $"t{i}", i))];
        var found = await Task.WhenAll(topics.Select(topic => names.FindAsync(topic.Id).AsTask()));
        Assert.Equal(topics.Select(topic => topic.Name), found.Select(name => name!.Value.Value));
        Assert.All(topics, topic => Assert.Equal(1, topic.Descriptions));
    });

    [Fact]
    public void An_id_that_no_topic_has_costs_one_search_in_an_interval() => VirtualTime.Run(async time =>
    {
        var (cluster, _, names) = Make(time);
        var topic = Add(cluster, "t", 1);
        for (var i = 2; i < 10; i++)
        {
            Assert.Null(await names.FindAsync(Id(i)));
        }

        Assert.Equal(1, topic.Descriptions);
        await Task.Delay(TopicNames.SearchInterval, time);
        var late = Add(cluster, "late", 2);
        Assert.Equal("late", (await names.FindAsync(late.Id))?.Value);
    });

    [Fact]
    public void No_topic_has_the_empty_id() => VirtualTime.Run(async time =>
    {
        var (cluster, _, names) = Make(time);
        var topic = Add(cluster, "t", 1);
        Assert.Null(await names.FindAsync(default));
        Assert.Equal(0, topic.Descriptions);
    });

    [Fact]
    public void A_topic_that_cannot_be_reached_is_not_found_and_the_next_search_finds_it() => VirtualTime.Run(async time =>
    {
        var (cluster, _, names) = Make(time);
        var (topic, other) = (Add(cluster, "t", 1), Add(cluster, "u", 2));
        topic.Exception = new TimeoutException();
        Assert.Null(await names.FindAsync(topic.Id));
        Assert.Equal("u", names.TryFind(other.Id)?.Value);
        topic.Exception = null;
        await Task.Delay(TopicNames.SearchInterval, time);
        Assert.Equal("t", (await names.FindAsync(topic.Id))?.Value);
    });

    [Fact]
    public void Beyond_the_capacity_the_names_learnt_first_are_forgotten() => VirtualTime.Run(time =>
    {
        var (_, _, names) = Make(time, capacity: 3);
        for (var i = 1; i <= 5; i++)
        {
            names.Learn(Id(i), $"t{i}");
        }

        Assert.Equal([false, false, true, true, true], Enumerable.Range(1, 5).Select(i => names.TryFind(Id(i)) is not null));
        return Task.CompletedTask;
    });

    private static (FakeCluster Cluster, TopicCache Cache, TopicNames Names) Make(ManualTime time, int capacity = 1_000)
    {
        var cluster = new FakeCluster();
        var cache = new TopicCache(cluster.Factory, time, new BackgroundWork(SynchronizationContext.Current));
        return (cluster, cache, new TopicNames(cache, time, capacity));
    }

    private static FakeTopic Add(FakeCluster cluster, string name, int id)
    {
        var topic = cluster.AddTopic(name);
        topic.Id = Id(id);
        topic.Define(1, Limits.DefaultMaxMessageBytes);
        return topic;
    }

    private static TopicId Id(int id) => new(new Guid(id, 0, 0, new byte[8]));
}
