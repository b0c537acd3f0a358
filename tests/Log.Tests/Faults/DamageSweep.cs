using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Log.Tests.Faults;

/// <summary>
/// Every byte of every object of a small log is changed in turn, and every object is cut at every length, removed, and put in another's
/// place. A reader then gets each record as it was, or an error for its offset: never another record, and never a gap.
/// </summary>
public sealed class DamageSweep
{
    private const string LogId = "damage/0";

    private static readonly PartitionLogOptions Small = new()
    {
        SegmentBytes = 600,
        WholeChunkBytes = 500,
        TailChunks = 4,
        HeadSegments = 2,
    };

    private const int Records = 11;

    private readonly LossyGrainStorage _store = new();
    private readonly List<string> _records = [];

    [Fact]
    public void A_changed_byte_is_never_served() => Sweep((key, whole) =>
        Enumerable.Range(0, whole.Length).Select(at => ($"{key} byte {at}", key, (byte[]?)Changed(whole, at))));

    [Fact]
    public void A_truncated_object_is_never_the_end_of_the_log() => Sweep((key, whole) =>
        Enumerable.Range(0, whole.Length).Select(length => ($"{key} cut to {length}", key, (byte[]?)whole[..length])));

    [Fact]
    public void A_longer_object_is_not_served() => Sweep((key, whole) => [($"{key} with a byte more", key, [.. whole, 0])]);

    [Fact]
    public void A_missing_object_is_not_the_end_of_the_log() => Sweep((key, _) => [($"{key} missing", key, null)]);

    [Fact]
    public void An_object_under_another_objects_key_is_not_served() => Sweep((key, _) =>
        _store.Keys.Where(other => other != key).Select(other => ($"{other} in the place of {key}", key, _store.Find(other))));

    [Fact]
    public void A_log_whose_head_has_a_changed_bit_can_be_deleted() => VirtualTime.Run(async time =>
    {
        await Fill(New(_store, time));
        var key = _store.Keys.Single(key => key.EndsWith("/head", StringComparison.Ordinal));
        var whole = _store.Find(key)!;
        for (var at = 0; at < whole.Length; at += 7)
        {
            var damaged = _store.Clone();
            damaged.Replace(key, Changed(whole, at));
            Assert.Equal((at, ErrorCode.None), (at, await New(damaged, time).DeleteAsync(CancellationToken.None)));
            Assert.Empty(damaged.Keys);
        }
    });

    [Fact]
    public void An_object_of_another_log_is_not_served()
    {
        var other = new LossyGrainStorage();
        VirtualTime.Run(time => Fill(new PartitionLog(other, "damage/1", LogBench.NewWriter(), Small, new ObjectCache(0), time)));
        Sweep((key, _) => [($"{key} of another log", key, other.Find(key.Replace(LogId, "damage/1", StringComparison.Ordinal)))]);
    }

    private static byte[] Changed(byte[] whole, int at)
    {
        var changed = (byte[])whole.Clone();
        changed[at] ^= (byte)(1 << (at % 8));
        return changed;
    }

    /// <summary>Applies each damage that <paramref name="damages"/> names to a copy of the same log.</summary>
    private void Sweep(Func<string, byte[], IEnumerable<(string What, string Key, byte[]? Bytes)>> damages) => VirtualTime.Run(async time =>
    {
        await Fill(New(_store, time));
        var kinds = _store.Keys.Select(key => key[key.LastIndexOf("/0/", StringComparison.Ordinal)..][3..]).ToList();
        Assert.Contains("head", kinds);
        Assert.True(kinds.Count(kind => kind.StartsWith("chunk/", StringComparison.Ordinal)) >= 3, string.Join(' ', kinds));
        Assert.True(kinds.Count(kind => kind.StartsWith("part/", StringComparison.Ordinal)) >= 3, string.Join(' ', kinds));
        var (cases, served) = (0, 0);
        foreach (var key in _store.Keys)
        {
            foreach (var (what, damagedKey, bytes) in damages(key, _store.Find(key)!).ToList())
            {
                var damaged = _store.Clone();
                damaged.Replace(damagedKey, bytes);
                served += await Check(damaged, time, what, cases++ % 16 == 0);
            }
        }

        Assert.True(cases > 0 && served > 0);
    });

    private static PartitionLog New(LossyGrainStorage store, TimeProvider time) =>
        new(store, LogId, LogBench.NewWriter(), Small, new ObjectCache(0), time);

    /// <summary>
    /// Appends until the log has every kind of object: head with a mark of compaction, page, rewritten segment, segments, a chunk listed as it is,
    /// and a tail.
    /// </summary>
    private async Task Fill(PartitionLog log)
    {
        Assert.Equal(ErrorCode.None, await log.OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        for (var i = 0; i < Records; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}" + new string('x', i == 3 ? 600 : 3)));
            if (i == 2)
            {
                Assert.Equal(ErrorCode.None, await log.SealAsync());
                var step = await log.RewriteAsync(
                    Offset.Zero,
                    log.ListedEndOffset,
                    batches => Task.FromResult(new RewrittenBatches(ErrorCode.None, [.. batches])),
                    next => new CompactionMark(Offset.Zero, next, next));
                Assert.Equal((ErrorCode.None, new Offset(3)), (step.Error, step.Next));
                Assert.NotEqual(default, log.Compaction);
            }
        }

        await log.DisposeAsync();
        _records.Clear();
        _records.AddRange(Enumerable.Range(0, Records).Select(i => $"{i}:v{i}" + new string('x', i == 3 ? 600 : 3)));
    }

    /// <summary>Reads every offset of a damaged log, and perhaps appends to it; returns how many records could be read.</summary>
    private async Task<int> Check(LossyGrainStorage store, TimeProvider time, string what, bool append)
    {
        var log = New(store, time);
        var error = await log.OpenAsync(CancellationToken.None);
        if (error != ErrorCode.None)
        {
            Assert.Equal((what, ErrorCode.CorruptMessage), (what, error));
            return 0;
        }

        var served = await ReadEach(log, what);
        for (var t = 0; t < 3; t++)
        {
            var found = await log.FindBatchAsync(new Timestamp(t), CancellationToken.None);
            Assert.True(found.Error is ErrorCode.CorruptMessage || (found.Error == ErrorCode.None && (t > 1) == (found.Bytes == 0)), what);
        }

        if (!append)
        {
            return served;
        }

        Assert.Equal((what, ErrorCode.None), (what, await log.BecomeLeaderAsync(CancellationToken.None)));
        var pending = log.Append([TestBatches.ToAppend(TestBatches.Of(1, "new"))]);
        Assert.Equal((what, ErrorCode.None), (what, await pending.Committed));
        Assert.True(pending.BaseOffset.Value >= _records.Count, what);
        await log.DisposeAsync();

        log = New(store, time);
        Assert.Equal((what, ErrorCode.None), (what, await log.OpenAsync(CancellationToken.None)));
        Assert.Equal((what, served), (what, await ReadEach(log, what)));
        var read = await log.ReadAsync(pending.BaseOffset, 1, CancellationToken.None);
        Assert.Equal([$"{pending.BaseOffset}:new"], TestBatches.Records(TestBatches.Join(read.Pieces)));
        return served;
    }

    private async Task<int> ReadEach(PartitionLog log, string what)
    {
        var served = 0;
        Assert.True(log.DurableEndOffset.Value >= _records.Count, what);
        for (var offset = 0; offset < _records.Count; offset++)
        {
            var read = await log.ReadAsync(new Offset(offset), 1, CancellationToken.None);
            if (read.Error == ErrorCode.None)
            {
                Assert.Equal((what, _records[offset]), (what, Assert.Single(TestBatches.Records(TestBatches.Join(read.Pieces)))));
                served++;
            }
            else
            {
                Assert.Equal((what, ErrorCode.CorruptMessage), (what, read.Error));
                Assert.True(read.NextOffset.Value > offset, what);
            }
        }

        return served;
    }
}
