using System.Text;
using Loire.Grains.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;
using static Loire.Grains.Tests.Benches.KeyBench;

namespace Loire.Grains.Tests.Partitions;

/// <summary>The last record of a key. Records are written as "key=value", or "key" for a deletion.</summary>
public class LatestTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void The_last_record_of_a_key_is_found_by_every_owner_before_and_after_the_log_is_compacted()
    {
        var bench = With(Compacted);
        Fill(bench, 40);
        Assert.Equal("30:k0=30 39:k9=39", Found(bench, "k0", "k9"));
        Append(bench, "k0=new");
        Assert.Equal("40:k0=new", Found(bench, "k0"));

        Compact(bench);
        Assert.InRange(bench.Log.Compaction.CleanTo.Value, 30, 41);
        Assert.Equal("40:k0=new 31:k1=31 39:k9=39", Found(bench, "k0", "k1", "k9"));
        var next = With(Compacted, bench.Storage.Clone());
        Assert.Equal("40:k0=new 31:k1=31 39:k9=39 none none", Found(next, "k0", "k1", "k9", "k10", ""));
    }

    [Fact]
    public void A_deleted_key_has_its_tombstone_until_compaction_removes_that_and_nothing_afterwards()
    {
        var bench = With(Compacted);
        Append(bench, "a=1");
        Append(bench, "a");
        Assert.Equal("1:a", Found(bench, "a"));
        Fill(bench, 10);
        SealAndCompact(bench);
        Assert.Equal("1:a", Found(bench, "a"));
        bench.Advance(2 * Hour);
        Fill(bench, 10);
        SealAndCompact(bench);
        Assert.Equal("none 12:k0=0", Found(bench, "a", "k0"));
        Assert.Equal("none 12:k0=0", Found(With(Compacted, bench.Storage.Clone()), "a", "k0"));
    }

    [Fact]
    public void Records_that_were_deleted_are_not_found()
    {
        var bench = With(Compacted);
        Fill(bench, 20);
        Assert.Equal("10:k0=10 15:k5=15", Found(bench, "k0", "k5"));
        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(new Offset(13), validateOnly: false).AsTask());
        Assert.Equal("none 15:k5=15", Found(bench, "k0", "k5"));
        Assert.Equal("none 15:k5=15", Found(With(Compacted, bench.Storage.Clone()), "k0", "k5"));
    }

    [Fact]
    public void Several_records_of_a_key_in_one_batch_and_records_without_a_key_do_not_confuse_it()
    {
        var bench = With(PartitionBench.Defaults);
        bench.Appended("without a key");
        using var builder = new RecordBatchBuilder();
        foreach (var value in new[] { "1", "2", "3" })
        {
            builder.Append(new Timestamp(1), "a"u8, false, Encoding.UTF8.GetBytes(value), false);
        }

        bench.Appended(builder.Build(CompressionType.Zstd));
        bench.Thread.Finish(() => Task.FromResult(bench.Driver.Configure(Compacted with { Version = 9 })));
        Assert.Equal("3:a=3 none", Found(bench, "a", ""));
    }

    [Fact]
    public void An_owner_that_does_not_know_that_it_was_succeeded_does_not_answer_what_is_outdated()
    {
        var bench = With(Compacted);
        Append(bench, "a=1");
        Assert.Equal("0:a=1", Found(bench, "a"));
        var next = With(Compacted, bench.Storage);
        Append(next, "a=2");
        Assert.Equal(ErrorCode.NotLeaderOrFollower, bench.Latest("a").Now().Error);
        var reader = With(Compacted, bench.Storage);
        Assert.Equal("1:a=2", Found(reader, "a"));
        Append(next, "a=3");
        Assert.Equal("2:a=3", Found(reader, "a"));
    }

    [Fact]
    public void A_topic_that_is_not_compacted_is_refused_and_its_log_is_not_read()
    {
        var bench = With(PartitionBench.Defaults);
        bench.Appended("v");
        var next = With(PartitionBench.Defaults, bench.Storage.Clone(), cacheBytes: 0);
        _ = next.Offsets();
        next.Storage.Faults = call => throw new InvalidOperationException($"{call.Operation} of {call.Key}");
        var answer = next.Latest("k").Now();
        Assert.Equal((ErrorCode.PolicyViolation, Offset.None), (answer.Error, answer.Offset));
        Assert.Contains("cleanup.policy", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_another_owner_compacts_away_during_the_lookup_gives_way_to_its_successor()
    {
        var owner = With(Compacted);
        Fill(owner, 20);
        Compact(owner);
        Append(owner, "k3=20");
        var reader = With(Compacted, owner.Storage, cacheBytes: 0);
        Assert.Equal("20:k3=20 14:k4=14", Found(reader, "k3", "k4"));

        // The lookup reads the object with offset 14, which takes its time.
        var (reading, reads) = (new TaskCompletionSource(), 0);
        owner.Storage.Faults = async call =>
        {
            if (call.Operation == StorageOperation.Read && call.Key.Contains("/part/", StringComparison.Ordinal) && reads++ == 0)
            {
                await reading.Task.ConfigureAwait(false);
            }

            return StorageFault.None;
        };
        var lookup = reader.Latest("k4");
        Assert.Equal((1, false), (reads, lookup.IsCompleted));
        Append(owner, "k4=new");
        SealAndCompact(owner);
        Assert.Equal(21, owner.Log.Compaction.CleanTo.Value - 1);
        reader.Thread.After(reading.SetResult);
        Assert.Equal("21:k4=new", Text(lookup.Now()));
    }

    [Fact]
    public void A_lookup_that_has_to_wait_long_for_the_keys_says_so_and_the_next_one_finds_them_learned()
    {
        var elsewhere = new DriverThread();
        var bench = With(Compacted, computations: elsewhere);
        Fill(bench, 20);
        var lookup = bench.Latest("k3");
        bench.Advance(Limits.KeyLearningWait - TimeSpan.FromMilliseconds(1));
        Assert.False(lookup.IsCompleted);
        bench.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(ErrorCode.RequestTimedOut, lookup.Now().Error);

        Run(bench, elsewhere);
        Assert.Equal("13:k3=13", Found(bench, "k3"));
    }

    [Fact]
    public void A_partition_with_more_keys_than_the_memory_holds_refuses()
    {
        var bench = With(Compacted, keyIndex: Memory(3 * 1_024));
        Fill(bench, 1_600, keys: 1_600);
        Assert.Equal("1599:k1599=1599", Found(bench, "k1599"));
        Fill(bench, 40, keys: 1_640);
        Fill(bench, 1_640, keys: 1_640);
        var answer = bench.Latest("k1").Now();
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, answer.Error);
        Assert.Contains("key-index-memory-mb", answer.Detail, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, bench.Latest("k1").Now().Error);
        Assert.Equal(1_640 + 1_600 + 40, bench.Offsets().HighWatermark.Value);
    }

    [Fact]
    public void Partitions_share_the_memory_and_the_one_asked_the_longest_time_ago_learns_its_keys_again()
    {
        var memory = Memory(2 * 1_024);
        var benches = Enumerable.Range(0, 3).Select(_ => With(Compacted, keyIndex: memory)).ToList();
        foreach (var bench in benches)
        {
            Fill(bench, 20);
            Assert.Equal("13:k3=13", Found(bench, "k3"));
        }

        // The third has taken the memory of the first.
        Assert.Equal("13:k3=13", Found(benches[2], "k3"));
        Assert.Equal("13:k3=13", Found(benches[0], "k3"));
        Assert.Equal("13:k3=13", Found(benches[1], "k3"));
        Append(benches[0], "k3=new");
        Assert.Equal("20:k3=new", Found(benches[0], "k3"));
        Assert.Equal("13:k3=13", Found(benches[2], "k3"));
    }

    [Fact]
    public void Partition_that_needs_more_than_all_of_the_memory_takes_none_of_it_from_others()
    {
        var memory = Memory(3 * 1_024);
        var (small, large) = (With(Compacted, keyIndex: memory, cacheBytes: 0), With(Compacted, keyIndex: memory));
        Fill(large, 1_640, keys: 1_640);
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, large.Latest("k1").Now().Error);
        Fill(small, 20);
        Assert.Equal("13:k3=13", Found(small, "k3"));
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, large.Latest("k1").Now().Error);

        // It still knows where the record lies: nothing is learned again, which would read every object.
        var reads = 0;
        small.Storage.Faults = call =>
        {
            reads += call.Operation == StorageOperation.Read && call.Key.Contains("/part/", StringComparison.Ordinal) ? 1 : 0;
            return Task.FromResult(StorageFault.None);
        };
        Assert.Equal("13:k3=13", Found(small, "k3"));
        Assert.Equal(1, reads);
    }

    [Fact]
    public void The_memory_of_a_partition_that_closes_is_free_again()
    {
        var meters = new Meters();
        var used = 0L;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (meters.Made.Contains(instrument.Meter) && instrument.Name == "loire.log.key_index.size")
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, change, _, _) => used += change);
        listener.Start();
        var elsewhere = new DriverThread();
        var bench = With(Compacted, keyIndex: new KeyIndexMemory(1 << 20, new PartitionMetrics(meters)), computations: elsewhere);
        Fill(bench, 1_600, keys: 1_600);
        Assert.Equal(0, used);

        // It closes while it learns keys that need more memory than it has.
        var lookup = bench.Latest("k3");
        Assert.Equal(1_024 * 24, used);
        bench.Thread.Finish(async () =>
        {
            await bench.Driver.DisposeAsync();
            return true;
        });
        Assert.Equal(0, used);
        Run(bench, elsewhere);
        Assert.NotEqual(ErrorCode.None, lookup.Now().Error);
        Assert.Equal(0, used);
    }

    [Fact]
    public void Damage_is_told_and_not_taken_for_the_absence_of_the_key()
    {
        var bench = With(Compacted);
        Fill(bench, 40);
        var next = With(Compacted, bench.Storage.Clone());
        var key = next.Storage.Keys.First(key => key.Contains("/part/", StringComparison.Ordinal));
        var bytes = next.Storage.Find(key)!;
        bytes[^1] ^= 1;
        next.Storage.Replace(key, bytes);
        var answer = next.Latest("k3").Now();
        Assert.Equal((ErrorCode.CorruptMessage, 0), (answer.Error, answer.Batch.Length));
        Assert.Contains("damaged", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Storage_that_cannot_be_read_now_is_told_and_learning_goes_on_afterwards()
    {
        var bench = With(Compacted);
        Fill(bench, 40);
        var next = With(Compacted, bench.Storage.Clone(), cacheBytes: 0);
        _ = next.Offsets();
        next.Storage.Faults = call => Task.FromResult(
            call.Key.Contains("/part/", StringComparison.Ordinal) ? StorageFault.Refuse(new IOException("away")) : StorageFault.None);
        Assert.Equal(ErrorCode.KafkaStorageError, next.Latest("k3").Now().Error);
        next.Storage.Faults = null;
        Assert.Equal("33:k3=33", Found(next, "k3"));
    }
}
