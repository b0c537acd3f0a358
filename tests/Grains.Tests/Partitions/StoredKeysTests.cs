using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Log.Objects;
using Loire.Model;
using Loire.TestKit;
using static Loire.Grains.Tests.Benches.KeyBench;

namespace Loire.Grains.Tests.Partitions;

/// <summary>The table of the last record of each key that compaction stores.</summary>
public class StoredKeysTests
{
    [Fact]
    public void An_owner_that_has_read_nothing_finds_a_compacted_record_with_one_page_of_keys_and_the_object_that_has_it()
    {
        var bench = With(Compacted);
        Fill(bench, 600, keys: 100);
        SealAndCompact(bench);
        Append(bench, "tail=600");
        Assert.Equal((new Offset(600), 100L, 7), (bench.Log.Table(TableKind.Keys)!.Value.End, bench.Log.Table(TableKind.Keys)!.Value.Entries, bench.Log.Table(TableKind.Keys)!.Value.Pages));
        var next = With(Compacted, bench.Storage.Clone(), cacheBytes: 0);
        Assert.Equal("600:tail=600", Found(next, "tail"));
        var reads = Reads(next);
        Assert.Equal("503:k3=503", Found(next, "k3"));

        Assert.Equal((1, 1), (reads.Count(key => IsKeys(next, key)), reads.Where(key => !IsKeys(next, key) && !IsPage(next, key)).Distinct().Count()));
        Assert.Equal("none", Found(next, "k100"));
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal($"{500 + i}:k{i}={500 + i}", Found(next, $"k{i}")));
    }

    [Fact]
    public void What_compaction_has_stored_needs_no_memory_any_more()
    {
        var memory = Memory(3 * 1_024);
        var bench = With(Compacted, keyIndex: memory);
        Fill(bench, 1_600, keys: 1_600);
        Assert.Equal("1599:k1599=1599", Found(bench, "k1599"));
        var other = With(Compacted, keyIndex: memory);
        Fill(other, 20);
        SealAndCompact(bench);
        Append(bench, "more=1600");
        Assert.Equal("1600:more=1600 7:k7=7", Found(bench, "more", "k7"));
        Assert.Equal("13:k3=13", Found(other, "k3"));

        // Neither has to learn its keys again.
        var (reads, others) = (Reads(bench), Reads(other));
        Assert.Equal("1599:k1599=1599", Found(bench, "k1599"));
        Assert.Equal("13:k3=13", Found(other, "k3"));
        Assert.InRange(reads.Count, 0, 2);
        Assert.Empty(others);
    }

    [Fact]
    public void A_damaged_page_of_keys_costs_no_record_and_the_next_pass_writes_the_table_anew()
    {
        var bench = With(Compacted);
        Fill(bench, 60);
        SealAndCompact(bench);
        Append(bench, "k3=60");
        var next = With(Compacted, bench.Storage.Clone());
        var key = next.Storage.Keys.Single(key => IsKeys(next, key));
        var bytes = next.Storage.Find(key)!;
        bytes[^1] ^= 1;
        next.Storage.Replace(key, bytes);
        Assert.Equal("60:k3=60 54:k4=54 none", Found(next, "k3", "k4", "k10"));
        Append(next, "k5=61");
        SealAndCompact(next);
        var (error, _) = next.Thread.Finish(() => next.Log.ReadTableAsync(next.Log.Table(TableKind.Keys)!.Value, 0, caches: false).AsTask());
        Assert.Equal((ErrorCode.None, new Offset(62)), (error, next.Log.Table(TableKind.Keys)!.Value.End));
        var last = With(Compacted, next.Storage.Clone());
        Assert.Equal("60:k3=60 54:k4=54 none", Found(last, "k3", "k4", "k10"));
        Assert.DoesNotContain(key, next.Storage.Keys);
    }

    [Fact]
    public void A_damaged_table_that_a_pass_has_to_merge_does_not_keep_the_pass_from_its_end()
    {
        var bench = With(Compacted);
        Fill(bench, 60);
        SealAndCompact(bench);
        var next = With(Compacted, bench.Storage.Clone());
        var key = next.Storage.Keys.Single(key => IsKeys(next, key));
        var bytes = next.Storage.Find(key)!;
        bytes[^1] ^= 1;
        next.Storage.Replace(key, bytes);
        Append(next, "k3=60");
        SealAndCompact(next);
        Assert.Equal((61, 60), (next.Log.Compaction.CleanTo.Value, next.Log.Table(TableKind.Keys)!.Value.End.Value));
        Assert.Equal("60:k3=60 54:k4=54", Found(next, "k3", "k4"));
        Append(next, "k4=61");
        SealAndCompact(next);
        Assert.Equal(62, next.Log.Table(TableKind.Keys)!.Value.End.Value);
        Assert.Equal("60:k3=60 61:k4=61", Found(With(Compacted, next.Storage.Clone()), "k3", "k4"));
    }

    [Fact]
    public void A_lookup_that_finds_damage_while_a_pass_is_under_way_does_not_stop_the_partition()
    {
        var elsewhere = new DriverThread();
        var filled = With(Compacted);
        Fill(filled, 60);
        SealAndCompact(filled);
        Append(filled, "k3=60");
        Assert.Equal(ErrorCode.None, filled.Thread.Finish(filled.Log.SealAsync));
        var bench = With(Compacted, filled.Storage.Clone(), computations: elsewhere);
        var key = bench.Storage.Keys.Single(key => IsKeys(bench, key));
        var bytes = bench.Storage.Find(key)!;
        bytes[^1] ^= 1;
        bench.Storage.Replace(key, bytes);
        _ = bench.Offsets();
        var compacting = bench.Thread.Start(async () =>
        {
            await bench.Driver.CompactAsync();
            return true;
        });
        Assert.False(compacting.IsCompleted);
        var lookup = bench.Latest("k4");
        Run(bench, elsewhere);
        Assert.Equal(("54:k4=54", true, 0), (Text(lookup.Now()), compacting.IsCompleted, bench.Drops));
        Assert.Equal(61, bench.Log.Compaction.CleanTo.Value);
    }

    [Fact]
    public void A_log_that_was_compacted_before_tables_were_stored_gets_one_with_the_next_pass()
    {
        var mayStore = false;
        var bench = With(Compacted, storesKeys: () => mayStore);
        Fill(bench, 600, keys: 100);
        SealAndCompact(bench);
        Assert.Null(bench.Log.Table(TableKind.Keys));
        Assert.Equal("503:k3=503", Found(bench, "k3"));
        mayStore = true;
        Append(bench, "k3=600");
        SealAndCompact(bench);
        Assert.Equal((601, 100), (bench.Log.Table(TableKind.Keys)!.Value.End.Value, bench.Log.Table(TableKind.Keys)!.Value.Entries));
        Assert.Equal("600:k3=600 504:k4=504", Found(With(Compacted, bench.Storage.Clone()), "k3", "k4"));
    }

    [Fact]
    public void More_keys_than_compaction_has_memory_for_are_stored_pass_after_pass()
    {
        var bench = new PartitionBench(log: Small, compactionBytes: 64 * 24) { Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, Compacted)) };
        Fill(bench, 300, keys: 300);
        Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
        var (passes, end) = (0, 0L);
        for (; end < 300; passes++)
        {
            Compact(bench);
            Assert.True(bench.Log.Table(TableKind.Keys)!.Value.End.Value > end, $"pass {passes} ends at {bench.Log.Table(TableKind.Keys)!.Value.End}");
            end = bench.Log.Table(TableKind.Keys)!.Value.End.Value;
        }

        Assert.InRange(passes, 6, 7);
        Assert.Equal(300, bench.Log.Table(TableKind.Keys)!.Value.Entries);
        var next = With(Compacted, bench.Storage.Clone());
        Assert.All(Enumerable.Range(0, 300), i => Assert.Equal($"{i}:k{i}={i}", Found(next, $"k{i}")));
    }

    [Fact]
    public void A_crash_at_any_call_of_storage_while_a_log_is_compacted_leaves_every_key_at_its_last_record()
    {
        var filled = With(Compacted);
        Fill(filled, 60, keys: 20);
        SealAndCompact(filled);
        Fill(filled, 30, keys: 30);
        Assert.Equal(ErrorCode.None, filled.Thread.Finish(filled.Log.SealAsync));
        var expected = string.Join(' ', Enumerable.Range(0, 30).Select(i => $"{60 + i}:k{i}={i}"));
        string[] keys = [.. Enumerable.Range(0, 30).Select(i => $"k{i}")];
        for (var at = 1; ; at++)
        {
            var crashed = With(Compacted, filled.Storage.Clone());
            _ = crashed.Offsets();
            var calls = 0;
            crashed.Storage.Faults = _ => ++calls < at ? Task.FromResult(StorageFault.None) : new TaskCompletionSource<StorageFault>().Task;
            var compacting = crashed.Thread.Start(async () =>
            {
                await crashed.Driver.CompactAsync();
                return true;
            });
            if (compacting.IsCompleted)
            {
                Assert.InRange(at, 20, 300);
                Assert.Equal(90, crashed.Log.Table(TableKind.Keys)!.Value.End.Value);
                return;
            }

            var next = With(Compacted, crashed.Storage.Clone());
            Assert.Equal((at, expected), (at, Found(next, keys)));
            Append(next, "k1=new");
            SealAndCompact(next);
            Assert.Equal((at, "90:k1=new 62:k2=2"), (at, Found(With(Compacted, next.Storage.Clone()), "k1", "k2")));
        }
    }
}
