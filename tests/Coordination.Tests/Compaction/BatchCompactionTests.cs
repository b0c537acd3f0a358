using Loire.Coordination.Compaction;
using Loire.Coordination.Producers;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Coordination.Tests.Compaction;

public class BatchCompactionTests
{
    [Fact]
    public void The_last_value_of_each_key_stays_with_its_offset()
    {
        var log = new KeyedLog().Append("a=1 b=1 a=2").Append("c=1").Append("b=2 d=1");
        log.Compact();
        Assert.Equal(["2:a=2", "3:c=1", "4:b=2", "5:d=1"], log.Records);
    }

    [Fact]
    public void A_batch_of_which_nothing_stays_goes()
    {
        var log = new KeyedLog().Append("a=1 b=1").Append("a=2 b=2");
        log.Compact();
        Assert.Equal(["2:a=2", "3:b=2"], log.Records);
        Assert.Single(log.Batches);
    }

    [Fact]
    public void What_lies_after_the_part_that_is_compacted_neither_goes_nor_makes_anything_go()
    {
        var log = new KeyedLog().Append("a=1").Append("a=2").Append("a=3 b=1 b=2");
        log.Compact(to: new Offset(2));
        Assert.Equal(["1:a=2", "2:a=3", "3:b=1", "4:b=2"], log.Records);
    }

    [Fact]
    public void A_deletion_stays_for_its_time_from_the_first_compaction_on_and_then_goes()
    {
        var log = new KeyedLog().Append("a=1 b=1").Append("a");
        log.Compact(now: 1_000, tombstoneTime: 500);
        Assert.Equal(["1:b=1", "2:a"], log.Records);

        log.Append("c=1").Compact(now: 1_499, tombstoneTime: 500);
        Assert.Equal(["1:b=1", "2:a", "3:c=1"], log.Records);

        log.Append("d=1").Compact(now: 1_500, tombstoneTime: 500);
        Assert.Equal(["1:b=1", "3:c=1", "4:d=1"], log.Records);
    }

    [Fact]
    public void A_pass_knows_whether_it_has_kept_deletions()
    {
        var log = new KeyedLog().Append("a=1 b=1").Append("a");
        Assert.True(Kept(1_000));
        Assert.True(Kept(1_499));
        Assert.False(Kept(1_500));
        log.Append("a=1").Append("a").Append("a=2");
        Assert.False(Kept(2_000));

        bool Kept(long now)
        {
            log.Append("c=1").Compact(now, tombstoneTime: 500);
            return log.KeptTombstones;
        }
    }

    [Fact]
    public void A_value_after_a_deletion_makes_that_go_at_once()
    {
        var log = new KeyedLog().Append("a=1").Append("a").Append("a=2");
        log.Compact(tombstoneTime: 1_000_000);
        Assert.Equal(["2:a=2"], log.Records);
    }

    [Fact]
    public void A_deletion_whose_time_is_over_makes_earlier_values_go_also_in_the_same_pass()
    {
        var log = new KeyedLog().Append("a").Append("b=1");
        log.Compact(now: 1, tombstoneTime: 0);
        log.Append("a=1").Append("a");
        log.Compact(now: 2, tombstoneTime: 0);
        Assert.Equal(["1:b=1", "3:a"], log.Records);
        log.Append("c=1").Compact(now: 3, tombstoneTime: 0);
        Assert.Equal(["1:b=1", "4:c=1"], log.Records);
    }

    [Fact]
    public void The_longest_time_keeps_deletions_for_ever()
    {
        var log = new KeyedLog().Append("a");
        log.Compact(now: 5, tombstoneTime: (long)TimeSpan.MaxValue.TotalMilliseconds);
        log.Append("b=1").Compact(now: DateTimeOffset.MaxValue.ToUnixTimeMilliseconds());
        Assert.Equal(["0:a", "1:b=1"], log.Records);
    }

    [Fact]
    public void Records_without_a_key_go()
    {
        var log = new KeyedLog().Append("=1 a=1 =2");
        log.Compact();
        Assert.Equal(["1:a=1"], log.Records);
    }

    [Fact]
    public void A_small_map_takes_more_passes_and_gives_the_same_log()
    {
        var history = Enumerable.Range(0, 60).Select(i => $"k{i * 7 % 25}={i} k{i * 3 % 25}={i}").ToArray();
        var (small, large) = (new KeyedLog(), new KeyedLog());
        foreach (var batch in history)
        {
            small.Append(batch);
            large.Append(batch);
        }

        Assert.Equal(1, large.Compact(keys: 1_000));
        Assert.InRange(small.Compact(keys: 4), 5, 120);
        Assert.Equal(large.Records, small.Records);
    }

    [Fact]
    public void The_last_batch_of_a_producer_stays_without_records_and_keeps_its_sequence()
    {
        var log = new KeyedLog().Append("a=1 b=1", producer: 9, sequence: 40).Append("a=2 b=2");
        log.Compact(isLastOfProducer: true);
        Assert.Equal(["2:a=2", "3:b=2"], log.Records);
        RecordBatch.TryRead(log.Batches[0].Span, out var empty);
        Assert.Equal((0, 9L, 40, new Offset(1)), (empty.RecordCount, empty.ProducerId, empty.BaseSequence, empty.LastOffset));

        log.Append("c=1").Compact(isLastOfProducer: false);
        RecordBatch.TryRead(log.Batches[0].Span, out var first);
        Assert.Equal(-1, first.ProducerId);
    }

    [Fact]
    public void Control_batches_stay()
    {
        var log = new KeyedLog().Append("a=1").Append(ControlBatch()).Append("a=2");
        log.Compact();
        Assert.Equal(2, log.Batches.Count);
        RecordBatch.TryRead(log.Batches[0].Span, out var marker);
        Assert.True(marker.IsControl);
    }

    [Fact]
    public void A_damaged_batch_is_reported_and_nothing_of_it_goes()
    {
        var log = new KeyedLog().Append("a=1").Append("a=2");
        using var scan = new KeyScan(Offset.Zero, 10);
        Assert.Equal(ErrorCode.None, scan.Add(log.Batches[0].Span, AbortedLookup.None));
        for (var at = RecordBatch.StampSize + 1; at < log.Batches[1].Length; at++)
        {
            var damaged = log.Batches[1].ToArray();
            damaged[at] ^= 4;
            Assert.Equal(ErrorCode.CorruptMessage, scan.Add(damaged, AbortedLookup.None));
            Assert.Equal(new Offset(1), scan.End);
            using var compaction = new BatchCompaction(scan.Latest, scan.End, new Timestamp(1), TimeSpan.Zero, AbortedLookup.None, (_, _) => true);
            var compacted = compaction.Compact(damaged);
            Assert.Equal((ErrorCode.CorruptMessage, 0), (compacted.Error, compacted.Removed));
            Assert.Equal(damaged, compacted.Bytes);
        }
    }

    [Fact]
    public void Nothing_is_written_again_without_need()
    {
        var log = new KeyedLog().Append("a=1 b=1").Append("c", codec: CompressionType.Zstd);
        log.Compact(tombstoneTime: 100);
        var before = log.Batches.ToArray();
        log.Append("d=1").Compact(tombstoneTime: 100);
        Assert.True(before[0].Equals(log.Batches[0]) && before[1].Equals(log.Batches[1]));
    }

    /// <summary>Random logs, compacted at random times, against a dictionary.</summary>
    [Fact]
    public void Whatever_is_written_and_whenever_it_is_compacted_the_last_values_are_the_same()
    {
        var seed = Environment.GetEnvironmentVariable("LOIRE_SEED") is { } text ? int.Parse(text, null) : Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var (log, values, now) = (new KeyedLog(), new Dictionary<string, string>(), 1L);
            for (var step = 0; step < 40; step++)
            {
                if (random.Next(6) == 0)
                {
                    log.Compact(now, tombstoneTime: random.Next(3) * 10, keys: random.Next(3, 20));
                    continue;
                }

                var records = Enumerable.Range(0, random.Next(1, 5))
                    .Select(i => random.Next(5) == 0 ? $"k{random.Next(12)}" : $"k{random.Next(12)}={step}.{i}").ToArray();
                log.Append(string.Join(' ', records), now += random.Next(10), (CompressionType)random.Next(5));
                foreach (var record in records.Select(record => record.Split('=')))
                {
                    _ = record.Length == 1 ? values.Remove(record[0]) : (values[record[0]] = record[1]) is null;
                }
            }

            log.Compact(now);
            var expected = values.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal);
            Assert.True(expected.SequenceEqual(LastValues(log)), $"LOIRE_SEED={seed}, round {round}");
        }
    }

    private static IEnumerable<string> LastValues(KeyedLog log)
    {
        var records = log.Records.Select(record => record[(record.IndexOf(':', StringComparison.Ordinal) + 1)..].Split('=')).ToArray();
        Assert.Equal(records.Length, records.Select(record => record[0]).Distinct().Count());
        return records.Where(record => record.Length == 2).Select(record => $"{record[0]}={record[1]}").Order(StringComparer.Ordinal);
    }

    /// <summary>A marker as a broker writes it: version 0 and a type as key, version 0 and the coordinator's epoch as value.</summary>
    private static byte[] ControlBatch()
    {
        using var builder = new RecordBatchBuilder { ProducerId = 5, ProducerEpoch = 0, IsTransactional = true };
        builder.Append(new Timestamp(1), [0, 0, 0, 1], false, [0, 0, 0, 0, 0, 0], false);
        var batch = builder.Build().ToArray();
        batch[22] |= 0x20;
        BitConverter.GetBytes(Crc32C.Compute(batch.AsSpan(21))).Reverse().ToArray().CopyTo(batch, 17);
        return batch;
    }
}
