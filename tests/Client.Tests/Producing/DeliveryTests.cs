using Loire.Model;
using Loire.TestKit;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

public sealed class DeliveryTests
{
    [Fact]
    public void A_record_is_acknowledged_with_its_offset_and_time() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        await producer.ProduceAsync("t", Value("a"));
        var moment = new DateTimeOffset(2020, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);
        var second = await producer.ProduceAsync("t", Value("b") with { Timestamp = moment });
        Assert.Equal(new DeliveryResult("t", 0, 1, moment), second);
        Assert.Equal(["a", "b"], await bench.Log());
    });

    [Fact]
    public void What_gathers_while_an_append_is_under_way_goes_with_the_next_one_in_order() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.BatchSize = 200);
        var gate = new Gate();
        bench.Partition.BeforeAppend = async number =>
        {
            await (number == 0 ? gate.Opened : Task.CompletedTask);
            return ErrorCode.None;
        };
        var values = Enumerable.Range(0, 100).Select(i => $"{i}").ToArray();
        var first = producer.ProduceAsync("t", Value(values[0])).AsTask();
        await bench.Delay(TimeSpan.FromSeconds(1));
        var calls = values.Skip(1).Select(value => producer.ProduceAsync("t", Value(value)).AsTask()).Prepend(first).ToArray();
        await bench.Delay(TimeSpan.FromSeconds(1));
        gate.Open();
        var results = await Task.WhenAll(calls);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => new Offset(i)), results.Select(result => result.Offset));
        Assert.Equal(values, await bench.Log());
        Assert.Equal(2, bench.Partition.Appends);
    });

    [Fact]
    public void A_definite_refusal_is_retried_and_order_is_kept() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.BatchSize = 100);
        bench.Partition.BeforeAppend = number =>
            Task.FromResult(number % 3 == 2 ? ErrorCode.None : ErrorCode.ThrottlingQuotaExceeded);
        var values = Enumerable.Range(0, 30).Select(i => $"value {i}").ToArray();
        foreach (var value in values)
        {
            await producer.EnqueueAsync("t", Value(value));
            await bench.Delay(TimeSpan.FromMilliseconds(20));
        }

        await producer.FlushAsync();
        Assert.Equal(values, await bench.Log());
        Assert.Equal(1, bench.Partition.AppendsInFlightMax);
    });

    [Fact]
    public void Retries_back_off_and_end_with_the_delivery_timeout() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options =>
        {
            options.RequestTimeout = TimeSpan.FromSeconds(1);
            options.DeliveryTimeout = TimeSpan.FromSeconds(10);
        });
        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.NotLeaderOrFollower);
        var start = time.GetUtcNow();
        var failure = await Fails(producer.ProduceAsync("t", Value("a")).AsTask());
        Assert.Equal((ErrorCode.NotLeaderOrFollower, false), (failure.Code, failure.IsOutcomeUnknown));
        Assert.Equal(TimeSpan.FromSeconds(10), time.GetUtcNow() - start);

        // 0.1 + 0.2 + 0.4 + 0.8 and then about one a second.
        Assert.InRange(bench.Partition.Appends, 10, 16);
        Assert.Empty(await bench.Log());
    });

    [Theory]
    [InlineData(0.5)]
    [InlineData(1.5)]
    [InlineData(5_000)]
    public void An_answer_that_comes_after_the_delivery_timeout_ends_the_record_at_once(double late) => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => (options.RequestTimeout, options.DeliveryTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10)));
        bench.Partition.BeforeAppend = _ =>
        {
            time.Advance(TimeSpan.FromSeconds(10) + TimeSpan.FromMilliseconds(late));
            return Task.FromResult(ErrorCode.NotLeaderOrFollower);
        };
        var start = time.GetUtcNow();
        var failure = await Fails(producer.ProduceAsync("t", Value("a")).AsTask());
        Assert.Equal((ErrorCode.NotLeaderOrFollower, false), (failure.Code, failure.IsOutcomeUnknown));
        Assert.Equal(TimeSpan.FromSeconds(10) + TimeSpan.FromMilliseconds(late), time.GetUtcNow() - start);
        Assert.Equal(1, bench.Partition.Appends);
    });

    [Fact]
    public void A_bounded_number_of_retries_is_kept() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.Retries = 2);
        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.KafkaStorageError);
        await Fails(producer.ProduceAsync("t", Value("a")).AsTask());
        Assert.Equal(3, bench.Partition.Appends);
    });

    [Theory]
    [InlineData(ErrorCode.InvalidTimestamp)]
    [InlineData(ErrorCode.MessageTooLarge)]
    public void A_final_refusal_is_not_retried(ErrorCode error) => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        bench.Partition.BeforeAppend = _ => Task.FromResult(error);
        var outcome = await producer.TryProduceAsync("t", Value("a"));
        Assert.Equal(error, outcome.Failure!.Code);
        Assert.False(((ProduceException)outcome.Failure).IsOutcomeUnknown);
        Assert.Equal(1, bench.Partition.Appends);
    });

    [Fact]
    public void A_batch_that_is_refused_for_good_does_not_take_its_neighbours_with_it() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.BatchSize = 1);

        // The first append carries all of them and is refused; then each goes alone, and "2" is the one at fault.
        bench.Partition.BeforeAppend = number => Task.FromResult(number is 0 or 3 ? ErrorCode.InvalidRecord : ErrorCode.None);
        var outcomes = await producer.ProduceBatchAsync("t", [.. Enumerable.Range(0, 5).Select(i => Value($"{i}"))]);
        Assert.Equal([true, true, false, true, true], outcomes.Select(outcome => outcome.IsDelivered));
        Assert.Equal(["0", "1", "3", "4"], await bench.Log());
        Assert.Equal([0, 1, 2, 3], outcomes.Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Result.Offset));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_answer_that_is_lost_leaves_the_outcome_unknown_without_idempotence(bool byException) => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.EnableIdempotence = false);
        bench.Partition.AfterAppend = number => number > 0 ? Task.CompletedTask
            : byException ? throw new InvalidOperationException("The silo has gone.")
            : new TaskCompletionSource().Task;
        var failure = await Fails(producer.ProduceAsync("t", Value("a")).AsTask());
        Assert.True(failure.IsOutcomeUnknown);
        Assert.Equal(byException ? ErrorCode.NetworkException : ErrorCode.RequestTimedOut, failure.Code);
        Assert.Equal(new TopicPartition("t", 0), failure.Target);

        Assert.Equal(1, (await producer.ProduceAsync("t", Value("b"))).Offset);
        Assert.Equal(["a", "b"], await bench.Log());
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_answer_that_is_lost_is_no_failure_and_the_record_is_stored_once(bool byException) => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        bench.Partition.AfterAppend = number => number > 0 ? Task.CompletedTask
            : byException ? throw new InvalidOperationException("The silo has gone.")
            : new TaskCompletionSource().Task;
        Assert.Equal(0, (await producer.ProduceAsync("t", Value("a"))).Offset);
        Assert.Equal(1, (await producer.ProduceAsync("t", Value("b"))).Offset);
        Assert.Equal(["a", "b"], await bench.Log());
    });

    [Theory]
    [InlineData(null, Acks.All, true)]
    [InlineData(true, Acks.All, true)]
    [InlineData(false, Acks.All, false)]
    [InlineData(null, Acks.Leader, false)]
    [InlineData(null, Acks.None, false)]
    public void A_producer_is_idempotent_by_default_if_it_waits_for_all_copies(bool? wanted, Acks acks, bool isIdempotent) => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => (options.EnableIdempotence, options.Acks, options.MaxInFlight) = (wanted, acks, 5));
        await producer.ProduceAsync("t", Value("a"));
        Assert.Equal(isIdempotent, bench.Partition.Producers.Count > 0);
        Assert.Equal(isIdempotent ? 1 : 0, bench.Cluster.ProducerIds);
    });

    [Fact]
    public void Unknown_outcomes_are_retried_without_idempotence_only_on_request_and_may_then_store_records_twice() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => (options.EnableIdempotence, options.RetryUnknownOutcomes) = (false, true));
        bench.Partition.AfterAppend = number => number > 0 ? Task.CompletedTask : throw new TimeoutException();
        Assert.Equal(1, (await producer.ProduceAsync("t", Value("a"))).Offset);
        Assert.Equal(["a", "a"], await bench.Log());
    });

    [Fact]
    public void A_refusal_after_an_unknown_outcome_leaves_it_unknown() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        bench.Partition.BeforeAppend = number => Task.FromResult(number == 0 ? ErrorCode.RequestTimedOut : ErrorCode.InvalidRecord);
        Assert.True((await Fails(producer.ProduceAsync("t", Value("a")).AsTask())).IsOutcomeUnknown);
    });

    [Fact]
    public void A_partition_that_never_answers_ends_every_record_within_the_delivery_timeout() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options =>
        {
            options.BatchSize = 100;
            options.RequestTimeout = TimeSpan.FromSeconds(2);
            options.DeliveryTimeout = TimeSpan.FromSeconds(5);
        });
        bench.Partition.BeforeAppend = _ => new TaskCompletionSource<ErrorCode>().Task;
        List<(DateTimeOffset At, Task<ProduceOutcome> Outcome)> calls = [];
        for (var i = 0; i < 50; i++)
        {
            calls.Add((time.GetUtcNow(), Until(producer.TryProduceAsync("t", Value($"value {i}")))));
            await bench.Delay(TimeSpan.FromMilliseconds(100));
        }

        foreach (var (at, call) in calls)
        {
            Assert.False((await call).IsDelivered);
        }

        async Task<ProduceOutcome> Until(ValueTask<ProduceOutcome> call)
        {
            var at = time.GetUtcNow();
            var outcome = await call;
            Assert.InRange(time.GetUtcNow() - at, TimeSpan.Zero, TimeSpan.FromSeconds(5));
            return outcome;
        }
    });

    [Fact]
    public void Acks_none_returns_without_an_offset() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.Acks = Acks.None);
        Assert.Equal(-1, (await producer.ProduceAsync("t", Value("a"))).Offset);
        Assert.Equal(["a"], await bench.Log());
    });

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Lingering_fills_batches_and_a_flush_does_not_wait_for_it(int flushAfterSeconds) => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.Linger = TimeSpan.FromSeconds(5));
        for (var i = 0; i < 3; i++)
        {
            await producer.EnqueueAsync("t", Value($"{i}"));
            await bench.Delay(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0, bench.Partition.Appends);
        if (flushAfterSeconds > 0)
        {
            await producer.FlushAsync();
        }
        else
        {
            await bench.Delay(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(["0", "1", "2"], await bench.Log());
        Assert.Equal(1, bench.Partition.Appends);
    });

    [Fact]
    public void More_appends_in_flight_carry_full_batches() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => (options.EnableIdempotence, options.MaxInFlight, options.BatchSize) = (false, 3, 100));
        bench.Partition.BeforeAppend = async _ =>
        {
            await bench.Delay(TimeSpan.FromSeconds(1));
            return ErrorCode.None;
        };
        foreach (var i in Enumerable.Range(0, 20))
        {
            await producer.EnqueueAsync("t", Value($"{i}"));
            await bench.Delay(TimeSpan.FromMilliseconds(100));
        }

        await producer.FlushAsync();
        Assert.Equal(3, bench.Partition.AppendsInFlightMax);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), (await bench.Log()).OrderBy(int.Parse));
    });
}
