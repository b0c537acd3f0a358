using Loire.Model;
using Loire.TestKit;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

public sealed class EndingTests
{
    [Fact]
    public void Disposal_delivers_what_was_taken_over_and_refuses_what_comes_later() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        bench.Partition.BeforeAppend = async _ =>
        {
            await bench.Delay(TimeSpan.FromSeconds(1));
            return ErrorCode.None;
        };
        var producer = bench.Producer(options => (options.Linger, options.BatchSize) = (TimeSpan.FromSeconds(50), 200));
        var calls = Enumerable.Range(0, 20).Select(i => producer.ProduceAsync("t", Value($"{i}")).AsTask()).ToArray();
        await bench.Delay(TimeSpan.FromMilliseconds(1));
        var disposal = producer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => producer.ProduceAsync("t", Value("late")).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => producer.EnqueueAsync("t", Value("late")).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => producer.TryProduceAsync("t", Value("late")).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => producer.ProduceBatchAsync("t", [Value("late")]).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => producer.FlushAsync().AsTask());
        await disposal;
        await Task.WhenAll(calls);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), await bench.Log());
        await producer.DisposeAsync();
    });

    [Fact]
    public void Disposal_ends_the_calls_that_wait_for_room() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        bench.Partition.BeforeAppend = async _ =>
        {
            await bench.Delay(TimeSpan.FromSeconds(5));
            return ErrorCode.None;
        };
        var producer = bench.Producer(options => options.BufferMemory = 50);
        await producer.EnqueueAsync("t", Value("a"));
        var waiting = Enumerable.Range(0, 3).Select(_ => producer.EnqueueAsync("t", Value("a large one")).AsTask()).ToArray();
        await bench.Delay(TimeSpan.FromSeconds(1));
        await producer.DisposeAsync();
        Assert.All(waiting, call => Assert.IsType<ObjectDisposedException>(call.Exception!.InnerException));
        Assert.Equal(["a"], await bench.Log());
    });

    [Fact]
    public void Disposal_takes_no_longer_than_the_delivery_timeout() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        bench.Partition.BeforeAppend = _ => new TaskCompletionSource<ErrorCode>().Task;
        var producer = bench.Producer();
        await producer.EnqueueAsync("t", Value("a"));
        var start = time.GetUtcNow();
        await producer.DisposeAsync();
        Assert.InRange(time.GetUtcNow() - start, TimeSpan.Zero, TimeSpan.FromMinutes(2));
    });

    [Fact]
    public void A_flush_waits_for_the_records_before_it_and_tells_once_what_failed() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.Linger = TimeSpan.FromSeconds(1));
        bench.Partition.BeforeAppend = number => Task.FromResult(number == 0 ? ErrorCode.InvalidRecord : ErrorCode.None);
        foreach (var value in new[] { "a", "b", "c" })
        {
            await producer.EnqueueAsync("t", Value(value));
        }

        var failure = await Fails(producer.FlushAsync().AsTask());
        Assert.Equal((ErrorCode.InvalidRecord, new TopicPartition("t", 0)), (failure.Code, failure.Target));
        Assert.Contains("3 enqueued records", failure.Message, StringComparison.Ordinal);
        await producer.FlushAsync();

        // A failure that its caller was told of is not told again.
        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.InvalidRecord);
        await Fails(producer.ProduceAsync("t", Value("d")).AsTask());
        await producer.FlushAsync();
    });

    [Fact]
    public void A_call_that_was_cancelled_beforehand_takes_no_record() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        var cancelled = new CancellationToken(true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => producer.ProduceAsync("t", Value("a"), cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => producer.EnqueueAsync("t", Value("a"), cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => producer.TryProduceAsync("t", Value("a"), cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => producer.ProduceBatchAsync("t", [Value("a")], cancelled).AsTask());
        await producer.FlushAsync();
        Assert.Empty(await bench.Log());
    });

    [Fact]
    public void Cancelling_while_the_topic_is_looked_for_takes_no_record_and_lets_the_next_call_in() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        bench.Topic.BeforeDescribe = () => bench.Delay(TimeSpan.FromSeconds(3));
        using var first = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
        using var second = new CancellationTokenSource(TimeSpan.FromMilliseconds(500), time);
        var asking = producer.EnqueueAsync("t", Value("asking"), first.Token).AsTask();
        var inLine = producer.EnqueueAsync("t", Value("in line"), second.Token).AsTask();
        var last = producer.ProduceAsync("t", Value("last")).AsTask();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => inLine);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal(0, (await last).Offset);
        Assert.Equal(["last"], await bench.Log());
    });

    [Fact]
    public void Cancelling_while_there_is_no_room_takes_no_record_and_no_room() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        bench.Partition.BeforeAppend = async number =>
        {
            await bench.Delay(TimeSpan.FromSeconds(number == 0 ? 10 : 0));
            return ErrorCode.None;
        };
        await using var producer = bench.Producer(options => options.BufferMemory = 50);
        await producer.EnqueueAsync("t", Value("a"));
        using var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => producer.EnqueueAsync("t", Value("a large record"), cancellation.Token).AsTask());
        await producer.ProduceAsync("t", Value("another large record"));
        Assert.Equal(["a", "another large record"], await bench.Log());
    });

    [Fact]
    public void Cancelling_after_that_ends_the_wait_and_not_the_record() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        bench.Partition.BeforeAppend = async _ =>
        {
            await bench.Delay(TimeSpan.FromSeconds(5));
            return ErrorCode.None;
        };
        await using var producer = bench.Producer();
        foreach (var wait in new Func<CancellationToken, Task>[]
        {
            token => producer.ProduceAsync("t", Value("a"), token).AsTask(),
            token => producer.TryProduceAsync("t", Value("a"), token).AsTask(),
            token => producer.ProduceBatchAsync("t", [Value("a")], token).AsTask(),
            token => producer.FlushAsync(token).AsTask(),
        })
        {
            using var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait(cancellation.Token));
        }

        await producer.FlushAsync();
        Assert.Equal(["a", "a", "a"], await bench.Log());
    });
}
