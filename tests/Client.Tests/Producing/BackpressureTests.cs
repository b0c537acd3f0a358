using Loire.Model;
using Loire.TestKit;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

public sealed class BackpressureTests
{
    [Fact]
    public void A_call_waits_while_the_buffer_is_full_and_goes_on_when_there_is_room() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        var gate = new Gate();
        bench.Partition.BeforeAppend = async _ =>
        {
            await gate.Opened;
            return ErrorCode.None;
        };
        await using var producer = bench.Producer(options => options.BufferMemory = 1_000);
        var calls = Enumerable.Range(0, 100).Select(i => producer.EnqueueAsync("t", Value($"value {i}")).AsTask()).ToArray();
        await bench.Delay(TimeSpan.FromSeconds(1));
        var taken = calls.Count(call => call.IsCompleted);
        Assert.InRange(taken, 20, 40);
        Assert.All(calls[taken..], call => Assert.False(call.IsCompleted));
        gate.Open();
        await Task.WhenAll(calls);
        await producer.FlushAsync();
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"value {i}"), await bench.Log());
    });

    [Fact]
    public void A_call_that_finds_no_room_in_time_fails_and_its_record_is_not_taken() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        bench.Partition.BeforeAppend = async _ =>
        {
            await bench.Delay(TimeSpan.FromSeconds(20));
            return ErrorCode.None;
        };
        await using var producer = bench.Producer(options => (options.BufferMemory, options.MaxBlock) = (50, TimeSpan.FromSeconds(3)));
        await producer.EnqueueAsync("t", Value("a"));
        var start = time.GetUtcNow();
        var failure = await Fails(producer.EnqueueAsync("t", Value("12345678")).AsTask());
        Assert.Equal((ErrorCode.RequestTimedOut, false), (failure.Code, failure.IsOutcomeUnknown));
        Assert.Equal(TimeSpan.FromSeconds(3), time.GetUtcNow() - start);
        await producer.FlushAsync();
        Assert.Equal(["a"], await bench.Log());
    });

    [Fact]
    public void Records_that_linger_do_not_hold_the_room_that_others_wait_for() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time, partitions: 2);
        await using var producer = bench.Producer(options => (options.BufferMemory, options.Linger) = (60, TimeSpan.FromSeconds(80)));
        await producer.EnqueueAsync(new TopicPartition("t", 0), Value("a"));
        await producer.EnqueueAsync(new TopicPartition("t", 0), Value("b"));
        var start = time.GetUtcNow();
        await producer.EnqueueAsync(new TopicPartition("t", 1), Value("c"));
        Assert.Equal(start, time.GetUtcNow());
        await producer.FlushAsync();
        Assert.Equal(["a", "b"], await bench.Log());
        Assert.Equal(["c"], await bench.Log(1));
    });

    [Fact]
    public void A_record_that_is_too_large_fails_at_once_and_no_other_with_it() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.MaxRecordBytes = 1_000);
        var outcomes = await producer.ProduceBatchAsync("t", [Value("a"), Value(new string('x', 1_001)), Value(new string('y', 1_000))]);
        Assert.Equal([true, false, true], outcomes.Select(outcome => outcome.IsDelivered));
        Assert.Equal(ErrorCode.MessageTooLarge, outcomes[1].Failure!.Code);
        Assert.Equal(ErrorCode.MessageTooLarge, (await Fails(producer.EnqueueAsync("t", Value(new string('x', 1_001))).AsTask())).Code);
        Assert.Equal(["a", new string('y', 1_000)], await bench.Log());
    });

    [Fact]
    public void A_record_that_the_whole_buffer_cannot_hold_fails_at_once() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.BufferMemory = 1_000);
        Assert.Equal(ErrorCode.MessageTooLarge, (await Fails(producer.EnqueueAsync("t", Value(new string('x', 1_000))).AsTask())).Code);
    });

    [Fact]
    public void A_record_larger_than_a_batch_has_one_of_its_own() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.BatchSize = 100);
        var values = new[] { "a", new string('x', 500), "b" };
        var outcomes = await producer.ProduceBatchAsync("t", [.. values.Select(value => Value(value))]);
        Assert.All(outcomes, outcome => Assert.True(outcome.IsDelivered));
        Assert.Equal(values, await bench.Log());
    });
}
