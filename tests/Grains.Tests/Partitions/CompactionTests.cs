using System.Diagnostics.Metrics;
using System.Text;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

/// <summary>How a partition of a compacted topic is compacted. Records are written as "key=value", or "key" for a deletion.</summary>
public class CompactionTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly PartitionLogOptions Small = new() { TailChunks = 4, WholeChunkBytes = 1, HeadSegments = 4, RewriteBytes = 3_000 };

    private static readonly PartitionSettings Compacted = PartitionBench.Defaults with
    {
        RequiresKeys = true,
        Compaction = new CompactionSettings(0.5, TimeSpan.Zero, TimeSpan.MaxValue, 24 * Hour),
    };

    [Fact]
    public void The_last_value_of_each_key_stays_and_so_do_the_newest_records_that_are_not_listed_yet()
    {
        var bench = With(Compacted);
        Fill(bench, 20);
        var before = Records(bench);
        Compact(bench);

        var listed = (int)bench.Log.ListedEndOffset.Value;
        Assert.InRange(listed, 16, 20);
        var expected = Expected(before, listed);
        Assert.Equal(expected, Records(bench));
        Assert.Equal((0, 20), (bench.Offsets().LogStart.Value, bench.Offsets().HighWatermark.Value));
        Assert.Equal(expected, Records(With(Compacted, bench.Storage.Clone())));
        Assert.Equal(20, Append(bench, "k0=new"));
    }

    [Fact]
    public void A_reader_whose_next_record_has_gone_gets_the_one_after_it()
    {
        var bench = With(Compacted);
        Fill(bench, 20);
        Compact(bench);
        var (first, _) = Batch.Records(Batch.Bytes(bench.Fetched(0)))[0];
        Assert.InRange(first, 6, 19);
        Assert.Equal(first, Batch.Records(Batch.Bytes(bench.Fetched(5)))[0].Offset);
    }

    [Fact]
    public void A_log_is_compacted_again_only_when_enough_of_it_is_new()
    {
        var bench = With(Compacted);
        Fill(bench, 40, keys: 30);
        Compact(bench);
        var clean = Records(bench);
        bench.Storage.Changed = change => Assert.Fail($"{change.Call.Operation} of {change.Call.Key}");
        Compact(bench);
        bench.Storage.Changed = null;

        Fill(bench, 8, keys: 30);
        Compact(bench);
        Assert.Equal(clean, Records(bench)[..^8]);

        Fill(bench, 60, keys: 30);
        Compact(bench);
        Assert.InRange(Records(bench).Count, 30, 36);
    }

    [Fact]
    public void A_record_that_has_waited_as_long_as_it_may_is_compacted_though_nothing_follows_it()
    {
        var bench = With(Compacted with { Compaction = Compacted.Compaction!.Value with { MaxLag = Hour } });
        Append(bench, "a=1");
        Append(bench, "a=2");
        Compact(bench);
        Assert.Equal(["0:a=1", "1:a=2"], Records(bench));
        bench.Advance(2 * Hour);
        Compact(bench);
        Compact(bench);
        Assert.Equal(["1:a=2"], Records(bench));
        bench.Storage.Changed = change => Assert.Fail($"{change.Call.Operation} of {change.Call.Key}");
        Compact(bench);
    }

    [Fact]
    public void A_record_that_is_protected_is_neither_removed_nor_makes_another_one_go()
    {
        var bench = With(Compacted with { Compaction = Compacted.Compaction!.Value with { MinLag = Hour } });
        Fill(bench, 20);
        Compact(bench);
        Assert.Equal(20, Records(bench).Count);
        bench.Advance(2 * Hour);
        Compact(bench);
        Assert.InRange(Records(bench).Count, 10, 14);
    }

    [Fact]
    public void A_deletion_goes_when_readers_have_had_the_time_to_see_it()
    {
        var bench = With(Compacted);
        for (var i = 0; i < 10; i++)
        {
            Append(bench, "a=1");
            Append(bench, "a");
        }

        Append(bench, "b=1");
        SealAndCompact(bench);
        Assert.Equal(["19:a", "20:b=1"], Records(bench));
        bench.Advance(23 * Hour);
        Fill(bench, 20, keys: 1);
        SealAndCompact(bench);
        Assert.Equal("19:a", Records(bench)[0]);
        bench.Advance(2 * Hour);
        Fill(bench, 20, keys: 1);
        SealAndCompact(bench);
        Assert.Equal("20:b=1", Records(bench)[0]);
    }

    [Fact]
    public void A_pass_that_storage_interrupts_goes_on_where_it_stopped_also_under_another_owner()
    {
        var bench = With(Compacted);
        Fill(bench, 200, keys: 50);
        List<string> all = [.. Records(bench), "200:end=1"];
        for (var writes = 1; ; writes++)
        {
            var (copy, isWhole, _) = Interrupt(bench.Storage.Clone(), writes);
            var heir = With(Compacted, copy);
            Assert.Equal(LastValues(all), LastValues(Records(heir)));
            Compact(heir);
            Assert.False(heir.Log.Compaction.IsPassUnderWay);
            Assert.InRange(heir.Log.Compaction.CleanTo.Value, 190, 201);
            Assert.Equal(Expected(all, (int)heir.Log.Compaction.CleanTo.Value), Records(heir));
            if (isWhole)
            {
                Assert.InRange(writes, 4, 200);
                break;
            }
        }
    }

    [Fact]
    public void More_keys_than_the_map_holds_take_more_passes()
    {
        var always = Compacted with { Compaction = Compacted.Compaction!.Value with { MinDirtyRatio = 0 } };
        var (small, large) = (With(always, compactionBytes: 10 * 24), With(always));
        foreach (var bench in new[] { small, large })
        {
            Fill(bench, 100, keys: 40);
        }

        Compact(large);
        for (var pass = 0; pass < 20; pass++)
        {
            Compact(small);
        }

        Assert.Equal(large.Log.Compaction, small.Log.Compaction);
        Assert.Equal(Records(large), Records(small));
    }

    [Fact]
    public void A_pass_goes_on_under_an_owner_that_remembers_fewer_keys_than_the_one_before()
    {
        var bench = With(Compacted);
        for (var i = 0; i < 20; i++)
        {
            Append(bench, $"once{i}=1");
        }

        Fill(bench, 180, keys: 50);
        List<string> all = [.. Records(bench), "200:end=1"];
        var storage = Enumerable.Range(1, 100).Select(writes => Interrupt(bench.Storage.Clone(), writes))
            .First(stopped => stopped.Mark is { IsPassUnderWay: true, PassNext.Value: > 25 }).Storage;

        var heir = With(Compacted with { Compaction = Compacted.Compaction!.Value with { MinDirtyRatio = 0 } }, storage, compactionBytes: 5 * 24);
        for (var pass = 0; pass < 100 && (pass == 0 || heir.Log.Compaction.CleanTo < heir.Log.ListedEndOffset); pass++)
        {
            Compact(heir);
            Assert.Equal(ErrorCode.None, heir.Offsets().Error);
        }

        Assert.Equal(Expected(all, (int)heir.Log.Compaction.CleanTo.Value), Records(heir));
    }

    [Fact]
    public void A_pass_that_is_not_finished_is_reported_as_due_whatever_it_has_left()
    {
        var bench = With(Compacted);
        Fill(bench, 200, keys: 50);
        var storage = Enumerable.Range(1, 100).Select(writes => Interrupt(bench.Storage.Clone(), writes))
            .First(stopped => stopped.Mark is { IsPassUnderWay: true, PassNext.Value: > 25 }).Storage;
        var heir = With(Compacted with { Compaction = Compacted.Compaction!.Value with { MinDirtyRatio = 1 } }, storage);
        Assert.Equal(default, Reported().TombstonesAt);
        Compact(heir);
        Assert.NotEqual(default, Reported().TombstonesAt);

        CompactionReport Reported() => heir.Thread.Finish(() => heir.Driver.OpenAndRetainAsync().AsTask()).Report!.Compaction!;
    }

    [Fact]
    public void The_pace_is_kept_though_the_clock_is_set_back_by_years()
    {
        var time = new ManualTime();
        var budget = new CompactionBudget(1024 * 1024, CompactionBudget.MinBytesPerSecond, time);
        var first = budget.PaceAsync(CompactionBudget.MinBytesPerSecond);
        time.ClockError = TimeSpan.FromDays(-3_650);
        var second = budget.PaceAsync(CompactionBudget.MinBytesPerSecond);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(first.IsCompleted);
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(second.IsCompleted);
    }

    [Fact]
    public void What_compaction_has_read_is_collected_now_and_then()
    {
        var budget = new CompactionBudget(1024 * 1024, long.MaxValue, new ManualTime());
        var before = GC.CollectionCount(2);

        // A collection may be under way, which takes the place of one.
        for (var i = 0; GC.CollectionCount(2) == before; i++)
        {
            Assert.True(i < 10_000);
            budget.PaceAsync(64 * 1024 * 1024);
        }
    }

    [Fact]
    public void Damage_ends_compaction_for_the_partition_and_removes_nothing_and_the_partition_goes_on()
    {
        var bench = With(Compacted);
        Fill(bench, 20);
        var damaged = bench.Storage.Keys.First(key => key.Contains("/part/", StringComparison.Ordinal));
        var bytes = bench.Storage.Find(damaged)!;
        bytes[^3] ^= 1;
        bench.Storage.Replace(damaged, bytes);

        var (owner, stopped) = (With(Compacted, bench.Storage), 0L);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (owner.Owns(instrument.Meter) && instrument.Name == "loire.log.compactions.stopped")
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => stopped += value);
        listener.Start();
        Append(owner, "k0=x");
        var before = Parts(bench.Storage);
        Compact(owner);
        Compact(owner);
        Assert.Equal(before, Parts(bench.Storage));
        Assert.Equal(1, stopped);
        Assert.Equal(21, Append(owner, "k0=y"));
        owner.Driver.Retire();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, owner.Offsets().Error);
        Assert.Equal(0, stopped);
    }

    [Fact]
    public void A_topic_that_is_no_longer_compacted_keeps_everything_from_then_on()
    {
        var bench = With(Compacted);
        Fill(bench, 20);
        bench.Thread.Finish(() => Task.FromResult(bench.Driver.Configure(PartitionBench.Defaults with { Version = 2 })));
        Compact(bench);
        Assert.Equal(20, Records(bench).Count);
    }

    [Fact]
    public void A_second_activation_of_a_partition_leaves_the_lead_to_the_owner_that_has_compacted_already()
    {
        var owner = With(Compacted);
        Fill(owner, 20);
        var second = With(Compacted, owner.Storage);
        Assert.Equal(20, second.Offsets().HighWatermark.Value);
        Compact(owner);
        Compact(second);
        Assert.Equal(Records(owner), Records(second));
        Assert.Equal(20, Append(owner, "k0=x"));
    }

    [Fact]
    public void Appends_and_fetches_go_on_while_a_log_is_compacted()
    {
        var bench = With(Compacted);
        Fill(bench, 40);
        var release = bench.Hold("/part/");
        var compacting = bench.Thread.Start(async () =>
        {
            await bench.Driver.CompactAsync();
            return true;
        });
        Assert.False(compacting.IsCompleted);
        Assert.Equal(40, Append(bench, "k0=x"));
        Assert.Equal(41, Records(bench).Count);
        release();
        Assert.True(compacting.Now());
        Assert.InRange(Records(bench).Count, 10, 16);
    }

    private static PartitionBench With(PartitionSettings settings, LossyGrainStorage? storage = null, long compactionBytes = 1024 * 1024)
    {
        var bench = new PartitionBench(storage, Small, compactionBytes: compactionBytes);
        bench.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, settings));
        return bench;
    }

    /// <summary>Appends values of a number of keys in turn, each in a batch of its own.</summary>
    private static void Fill(PartitionBench bench, int records, int keys = 10)
    {
        for (var i = 0; i < records; i++)
        {
            Append(bench, $"k{i % keys}={i}");
        }
    }

    /// <summary>Appends a record of now; returns its offset.</summary>
    private static long Append(PartitionBench bench, string record)
    {
        using var builder = new RecordBatchBuilder();
        var at = record.IndexOf('=', StringComparison.Ordinal);
        var key = Encoding.UTF8.GetBytes(at < 0 ? record : record[..at]);
        builder.Append(Timestamp.From(bench.Time.GetUtcNow()), key, false, Encoding.UTF8.GetBytes(record[(at + 1)..]), at < 0);
        var appended = bench.Appended(builder.Build());
        Assert.Equal(ErrorCode.None, appended.Error);
        return appended.BaseOffset.Value;
    }

    private static void Compact(PartitionBench bench)
    {
        _ = bench.Offsets();
        bench.Thread.Finish(async () =>
        {
            await bench.Driver.CompactAsync();
            return true;
        });
    }

    /// <summary>Appends once, and compacts until storage has taken so many writes and is full.</summary>
    private static (LossyGrainStorage Storage, bool IsWhole, CompactionMark Mark) Interrupt(LossyGrainStorage storage, int writes)
    {
        var owner = With(Compacted, storage);
        Append(owner, "end=1");
        storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Write && --writes < 0 ? StorageFault.Refuse(new StorageFullException("full")) : StorageFault.None);
        Compact(owner);
        storage.Faults = null;
        return (storage, writes >= 0, owner.Log.Compaction);
    }

    private static void SealAndCompact(PartitionBench bench)
    {
        Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
        Compact(bench);
    }

    private static string[] Parts(LossyGrainStorage storage) =>
        [.. storage.Keys.Where(key => key.Contains("/part/", StringComparison.Ordinal))];

    private static List<string> Records(PartitionBench bench)
    {
        var (records, next) = (new List<string>(), bench.Offsets().LogStart);
        while (next < bench.Offsets().HighWatermark)
        {
            var bytes = Batch.Bytes(bench.Fetched(next.Value)).AsSpan();
            Assert.False(bytes.IsEmpty);
            for (; !bytes.IsEmpty; bytes = bytes[RecordsOf(bytes, records, out next)..])
            {
            }
        }

        return records;
    }

    private static int RecordsOf(ReadOnlySpan<byte> bytes, List<string> records, out Offset next)
    {
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
        Assert.True(batch.CrcIsValid());
        var reader = new RecordReader(batch, batch.Payload);
        while (reader.MoveNext())
        {
            var value = reader.Current.ValueIsNull ? "" : "=" + Encoding.UTF8.GetString(reader.Current.Value);
            records.Add($"{reader.Current.Offset}:{Encoding.UTF8.GetString(reader.Current.Key)}{value}");
        }

        next = batch.NextOffset;
        return batch.SizeInBytes;
    }

    /// <summary>What is left of records when those below an offset have been compacted.</summary>
    private static List<string> Expected(List<string> records, int to)
    {
        var last = records.Take(to).GroupBy(KeyOf).ToDictionary(group => group.Key, group => group.Last());
        return [.. records.Where((record, index) => index >= to || last[KeyOf(record)] == record)];
    }

    private static List<string> LastValues(IEnumerable<string> records) =>
        [.. records.GroupBy(KeyOf).Select(group => group.Last().Split(':')[1]).Order(StringComparer.Ordinal)];

    private static string KeyOf(string record) => record.Split(':')[1].Split('=')[0];
}
