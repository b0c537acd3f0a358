using Loire.Model;
using Loire.TestKit;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

public sealed class TopicChangeTests
{
    [Fact]
    public void An_unknown_topic_fails_at_once_by_its_name() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        var start = time.GetUtcNow();
        foreach (var call in new[] { producer.ProduceAsync("nope", Value("a")).AsTask(), producer.EnqueueAsync("nope", Value("a")).AsTask() })
        {
            var failure = await Fails(call);
            Assert.Equal((ErrorCode.UnknownTopicOrPartition, "nope", false), (failure.Code, failure.Target.Topic, failure.IsOutcomeUnknown));
            Assert.Contains("'nope'", failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal(start, time.GetUtcNow());
        Assert.Equal(
            ErrorCode.InvalidTopicException,
            (await Assert.ThrowsAsync<InvalidIdentifierException>(async () => await producer.EnqueueAsync("a/b", Value("a")))).Code);

        // It may be created later.
        bench.Cluster.AddTopic("nope");
        await producer.ProduceAsync("nope", Value("a"));
    });

    [Fact]
    public void A_partition_that_does_not_exist_fails_by_its_number() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time, partitions: 2);
        await using var producer = bench.Producer();
        foreach (var partition in new[] { -1, 2, int.MaxValue })
        {
            var failure = await Fails(producer.ProduceAsync(new TopicPartition("t", partition), Value("a")).AsTask());
            Assert.Equal((ErrorCode.UnknownTopicOrPartition, partition), (failure.Code, failure.Target.Partition));
        }
    });

    [Fact]
    public void A_partition_that_was_added_is_found() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        await producer.ProduceAsync("t", Value("a"));
        bench.Topic.Define(3, Limits.DefaultMaxMessageBytes);
        Assert.Equal(2, (await producer.ProduceAsync(new TopicPartition("t", 2), Value("b"))).Partition);
        Assert.Equal(["b"], await bench.Log(2));
    });

    [Fact]
    public void A_topic_that_has_grown_is_noticed_with_age() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.Partitioner = Partitioners.RoundRobin());
        await producer.ProduceAsync("t", Value("a"));
        bench.Topic.Define(2, Limits.DefaultMaxMessageBytes);
        await bench.Delay(TimeSpan.FromMinutes(6));
        await producer.ProduceAsync("t", Value("b"));
        await bench.Delay(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 4; i++)
        {
            await producer.ProduceAsync("t", Value("b"));
        }

        Assert.NotEmpty(await bench.Log(1));
        Assert.Equal(2, bench.Topic.Descriptions);
    });

    [Fact]
    public void A_topic_that_does_not_answer_is_asked_again_until_the_call_has_waited_long_enough() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.MaxBlock = TimeSpan.FromSeconds(5));
        bench.Topic.Exception = new TimeoutException();
        var start = time.GetUtcNow();
        Assert.False((await Fails(producer.EnqueueAsync("t", Value("a")).AsTask())).IsOutcomeUnknown);
        Assert.Equal(TimeSpan.FromSeconds(5), time.GetUtcNow() - start);
        Assert.InRange(bench.Topic.Descriptions, 5, 12);

        var call = producer.ProduceAsync("t", Value("b"));
        await bench.Delay(TimeSpan.FromSeconds(1));
        bench.Topic.Exception = null;
        Assert.Equal(0, (await call).Offset);
    });

    [Fact]
    public void Calls_that_wait_for_the_topic_keep_their_order_and_ask_once() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        bench.Topic.BeforeDescribe = () => bench.Delay(TimeSpan.FromSeconds(1));
        var values = Enumerable.Range(0, 50).Select(i => $"{i}").ToArray();
        var calls = values.Select(value => producer.EnqueueAsync("t", Value(value)).AsTask()).ToArray();

        // The topic is known now, but calls made earlier are still on their way in.
        await calls[0];
        await producer.ProduceAsync("t", Value("last"));
        await Task.WhenAll(calls);
        Assert.Equal(values.Append("last"), await bench.Log());
        Assert.Equal(1, bench.Topic.Descriptions);
    });

    [Fact]
    public void Records_for_a_topic_that_is_deleted_end_with_an_error_and_later_ones_fail_at_once() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.BatchSize = 100);
        await producer.ProduceAsync("t", Value("a"));
        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.UnknownTopicOrPartition);
        bench.Topic.Remove();
        var outcomes = await producer.ProduceBatchAsync("t", [.. Enumerable.Range(0, 20).Select(i => Value($"value {i}"))]);
        Assert.All(outcomes, outcome => Assert.Equal(ErrorCode.UnknownTopicOrPartition, outcome.Failure!.Code));
        Assert.All(outcomes, outcome => Assert.False(((ProduceException)outcome.Failure!).IsOutcomeUnknown));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await Fails(producer.EnqueueAsync("t", Value("b")).AsTask())).Code);
        await producer.FlushAsync();
    });

    [Fact]
    public void Records_go_to_the_new_creation_of_a_topic() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        await producer.ProduceAsync("t", Value("a"));
        var old = bench.Partition;
        old.BeforeAppend = _ => Task.FromResult(ErrorCode.UnknownTopicOrPartition);
        bench.Topic.Id = new TopicId(Guid.Parse("99999999-2222-3333-4444-555555555555"));
        bench.Topic.Define(1, Limits.DefaultMaxMessageBytes);
        var start = time.GetUtcNow();
        Assert.Equal(0, (await producer.ProduceAsync("t", Value("b"))).Offset);
        Assert.Equal(start, time.GetUtcNow());
        Assert.Equal(["b"], await bench.Log());
        Assert.Equal(["a"], await ProducerBench.Log(old));
    });

    [Fact]
    public void A_partition_that_its_topic_still_has_is_tried_again() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        bench.Partition.BeforeAppend = number => Task.FromResult(number < 3 ? ErrorCode.UnknownTopicOrPartition : ErrorCode.None);
        Assert.Equal(0, (await producer.ProduceAsync("t", Value("a"))).Offset);
    });
}
