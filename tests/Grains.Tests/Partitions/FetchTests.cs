using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

public class FetchTests
{
    [Theory]
    [InlineData(-1, ErrorCode.OffsetOutOfRange, "before every log")]
    [InlineData(long.MinValue, ErrorCode.OffsetOutOfRange, "the worst offset")]
    [InlineData(0, ErrorCode.None, "the first record")]
    [InlineData(2, ErrorCode.None, "the last durable record")]
    [InlineData(3, null, "the high watermark: data may come")]
    [InlineData(4, null, "below the log end: the record is there, but not durable yet")]
    [InlineData(5, null, "the log end: data may come")]
    [InlineData(6, ErrorCode.OffsetOutOfRange, "beyond the log end")]
    [InlineData(long.MaxValue, ErrorCode.OffsetOutOfRange, "the other worst offset")]
    public void Offsets_are_in_range_from_the_start_to_the_end_of_the_log(long from, ErrorCode? error, string reason)
    {
        var bench = new PartitionBench();
        bench.Appended("a", "b", "c");
        bench.Hold("chunk");
        _ = bench.Append("d", "e");
        var fetch = bench.Fetch(from, wait: TimeSpan.FromSeconds(2));

        Assert.True(fetch.IsCompleted == error is not null, reason);
        bench.Advance(TimeSpan.FromSeconds(2));
        Assert.True(fetch.Now().Error == (error ?? ErrorCode.None), reason);
        var bounds = fetch.Now().Bounds;
        Assert.Equal(
            (0, 3, 3, 5), (bounds.LogStart.Value, bounds.LastStable.Value, bounds.HighWatermark.Value, bounds.LogEnd.Value));
        Assert.Equal(error == ErrorCode.None ? 3 : from, fetch.Now().NextOffset.Value);
    }

    [Fact]
    public void Concurrent_reads_of_a_partition_from_storage_are_bounded()
    {
        var options = new PartitionLogOptions { TailChunks = 2, WholeChunkBytes = 1 };
        var bench = new PartitionBench(log: options);
        const int Chunks = 30;
        for (var i = 0; i < Chunks; i++)
        {
            bench.Appended("v" + i);
        }

        var cold = new PartitionBench(bench.Storage.Clone(), options);
        Assert.Equal(Chunks, cold.Offsets().LogEnd.Value);
        var (underWay, most, held) = (0, 0, new Queue<TaskCompletionSource>());
        cold.Storage.Faults = async call =>
        {
            most = Math.Max(most, ++underWay);
            var answer = new TaskCompletionSource();
            held.Enqueue(answer);
            await answer.Task.ConfigureAwait(false);
            underWay--;
            return StorageFault.None;
        };
        var fetches = Enumerable.Range(0, Chunks - 4).Select(i => cold.Fetch(i, minBytes: 0, maxBytes: 1)).ToList();
        Assert.Equal(Limits.ReadsAtOncePerPartition, most);
        while (held.TryDequeue(out var answer))
        {
            cold.Thread.After(answer.SetResult);
        }

        Assert.Equal(Enumerable.Range(0, Chunks - 4).Select(i => $"{i}:v{i}"), fetches.Select(fetch => Batch.Text(fetch.Now())));
        Assert.Equal(Limits.ReadsAtOncePerPartition, most);
    }

    [Fact]
    public void A_fetch_returns_whole_batches_as_many_as_fit_and_the_first_one_always()
    {
        var bench = new PartitionBench();
        var size = Batch.Sized(1_000).Length;
        foreach (var _ in Enumerable.Range(0, 5))
        {
            bench.Appended(Batch.Sized(1_000));
        }

        Assert.Equal((size, 1), Read(0, 0));
        Assert.Equal((size, 1), Read(0, 1));
        Assert.Equal((size, 1), Read(0, 2 * size - 1));
        Assert.Equal((2 * size, 2), Read(0, 2 * size));
        Assert.Equal((2 * size, 5), Read(3, int.MaxValue));

        (int Bytes, long Next) Read(long from, int maxBytes) =>
            bench.Fetched(from, maxBytes) is var result ? (Batch.Bytes(result).Length, result.NextOffset.Value) : default;
    }

    [Fact]
    public void A_fetch_from_the_middle_of_a_batch_returns_the_batch()
    {
        var bench = new PartitionBench();
        bench.Appended("a", "b", "c");
        Assert.Equal("0:a 1:b 2:c", Batch.Text(bench.Fetched(1)));
    }

    [Fact]
    public void A_parked_fetch_is_answered_when_a_record_becomes_durable_and_not_before()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var fetch = bench.Fetch(1, wait: TimeSpan.FromSeconds(10));
        var release = bench.Hold("chunk");
        var append = bench.Append("b");
        Assert.False(fetch.IsCompleted || append.IsCompleted);
        release();

        Assert.Equal("1:b", Batch.Text(fetch.Now()));
        Assert.Equal(2, fetch.Now().NextOffset.Value);
        Assert.Equal(0, bench.Driver.WaitingFetches);
    }

    [Fact]
    public void A_fetch_waits_for_its_minimum_of_bytes_across_appends()
    {
        var bench = new PartitionBench();
        var size = bench.Appended(Batch.Sized(200)) is { Error: ErrorCode.None } ? Batch.Sized(200).Length : 0;
        var three = bench.Fetch(0, minBytes: 3 * size, wait: TimeSpan.FromSeconds(10));
        var two = bench.Fetch(1, minBytes: 2 * size, wait: TimeSpan.FromSeconds(10));
        var tooMuch = bench.Fetch(0, minBytes: 4 * size, wait: TimeSpan.FromSeconds(10));
        bench.Appended(Batch.Sized(200));
        Assert.False(three.IsCompleted || two.IsCompleted);
        bench.Appended(Batch.Sized(200));

        Assert.Equal((3 * size, 2 * size), (Batch.Bytes(three.Now()).Length, Batch.Bytes(two.Now()).Length));
        Assert.False(tooMuch.IsCompleted);
        bench.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(3 * size, Batch.Bytes(tooMuch.Now()).Length);
    }

    [Fact]
    public void Each_parked_fetch_ends_at_its_own_deadline_and_one_timer_serves_all()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var timers = bench.Time.WaitingTimers;
        var fetches = Enumerable.Range(1, 1_000)
            .Select(i => (Seconds: 1 + i * 7 % 60, Task: bench.Fetch(1, wait: TimeSpan.FromSeconds(1 + i * 7 % 60)))).ToList();
        Assert.Equal(1, bench.Time.WaitingTimers - timers);

        for (var second = 1; second <= 60; second++)
        {
            bench.Advance(TimeSpan.FromMilliseconds(999));
            Assert.All(fetches, fetch => Assert.True(fetch.Task.IsCompleted == fetch.Seconds < second));
            bench.Advance(TimeSpan.FromMilliseconds(1));
            Assert.All(fetches, fetch => Assert.True(fetch.Task.IsCompleted == fetch.Seconds <= second));
        }

        Assert.All(fetches, fetch => Assert.Equal(
            (ErrorCode.None, 1, 0), (fetch.Task.Now().Error, fetch.Task.Now().NextOffset.Value, fetch.Task.Now().Batches.Length)));
    }

    [Fact]
    public void Parked_fetches_are_answered_in_order_of_arrival_and_share_one_read()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        List<int> answered = [];
        var request = new FetchRequest(new Offset(1), 1_000, 1, TimeSpan.FromSeconds(30));
        var fetches = Enumerable.Range(0, 10_000).Select(i => bench.Thread.Start(async () =>
        {
            var result = await bench.Driver.FetchAsync(request, default);
            answered.Add(i);
            return result;
        })).ToList();
        Assert.Equal(10_000, bench.Driver.WaitingFetches);
        bench.Appended("b");

        Assert.Equal(Enumerable.Range(0, 10_000), answered);
        Assert.All(fetches, fetch => Assert.Same(fetches[0].Now(), fetch.Now()));
        Assert.Equal("1:b", Batch.Text(fetches[0].Now()));
    }

    [Fact]
    public void A_cancelled_fetch_leaves_and_the_others_stay_parked()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var cancellation = new CancellationTokenSource();
        var leaves = bench.Fetch(1, wait: TimeSpan.FromSeconds(10), cancellation: cancellation.Token);
        var stays = bench.Fetch(1, wait: TimeSpan.FromSeconds(10));
        bench.Thread.After(cancellation.Cancel);
        Assert.True(leaves.IsCanceled);
        Assert.Equal(1, bench.Driver.WaitingFetches);
        bench.Appended("b");
        Assert.Equal("1:b", Batch.Text(stays.Now()));

        var already = bench.Fetch(2, cancellation: cancellation.Token);
        Assert.True(already.IsCanceled);
        Assert.Equal(0, bench.Driver.WaitingFetches);
    }

    [Theory]
    [InlineData(-1, 1, 1, "bytes at most")]
    [InlineData(1, -1, 1, "bytes at least")]
    [InlineData(1, 1, -1, "a negative wait")]
    [InlineData(1, 1, 60_001, "a wait longer than a caller waits")]
    public void An_invalid_fetch_is_rejected(int maxBytes, int minBytes, int waitMs, string reason)
    {
        var fetch = new PartitionBench().Fetch(0, minBytes, TimeSpan.FromMilliseconds(waitMs), maxBytes);
        Assert.True(fetch.Now().Error == ErrorCode.InvalidRequest, reason);
        Assert.NotNull(fetch.Now().Detail);
    }

    [Fact]
    public void A_minimum_above_the_maximum_does_not_delay_the_reply()
    {
        var bench = new PartitionBench();
        bench.Appended(Batch.Sized(500));
        Assert.Equal(1, bench.Fetch(0, minBytes: int.MaxValue, maxBytes: 100).Now().NextOffset.Value);
    }

    [Fact]
    public void The_first_batch_at_or_after_a_timestamp_is_found()
    {
        var bench = new PartitionBench();
        foreach (var second in Enumerable.Range(0, 5))
        {
            bench.Appended(Batch.At(new Timestamp(1_000 * second), "v" + second));
        }

        Assert.Equal("2:v2", Find(1_001));
        Assert.Equal("2:v2", Find(2_000));
        Assert.Equal("0:v0", Find(0));
        Assert.Equal("", Find(4_001));

        string Find(long time)
        {
            var found = bench.Thread.Finish(() => bench.Driver.FindBatchAsync(new Timestamp(time)).AsTask());
            Assert.Equal((ErrorCode.None, 5), (found.Error, found.Bounds.HighWatermark.Value));
            return string.Join(' ', Batch.Records(Batch.Join(found.Batch).Span).Select(record => $"{record.Offset}:{record.Value}"));
        }
    }
}
