using Loire.Log.Audits;
using Loire.Log.Tests.LogSuite;
using Loire.TestKit;

namespace Loire.Log.Tests.Audits;

/// <summary>An operator repairs the logs of a store that has no checksums itself.</summary>
public class LogRepairTests
{
    private const string TopicId = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void Each_object_with_one_flipped_bit_is_restored_byte_for_byte() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync($"{TopicId}/0");
        Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(await bench.OpenAsync("group/a.b"), "r"));
        foreach (var key in bench.Store.Keys)
        {
            var whole = bench.Store.Find(key)!;
            foreach (var at in Sweep.Points(0, whole.Length - 1, every: 97))
            {
                var damaged = (byte[])whole.Clone();
                damaged[at] ^= (byte)(1 << (at % 8));
                bench.Store.Replace(key, damaged);
                var repair = await bench.InspectAsync();
                Assert.Equal([new StoreFinding(RepairAction.Restore, key["loire|".Length..], 0, 0)], repair.Findings);
                Assert.True(await repair.ApplyAsync());
                Assert.True(whole.AsSpan().SequenceEqual(bench.Store.Find(key)), $"{key} byte {at}");
            }
        }

        Assert.Empty((await bench.InspectAsync()).Findings);
        Assert.Equal(bench.Store.Keys.Count, (await bench.InspectAsync()).Objects);
    });

    [Fact]
    public void Log_whose_head_is_beyond_repair_is_removed_and_no_other_and_other_damage_stays() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync($"{TopicId}/0");
        await bench.FillAsync($"{TopicId}/1");
        var kept = bench.Store.Keys.Where(key => key.Contains($"{TopicId}/1/", StringComparison.Ordinal)).ToList();
        var chunk = kept.Last(key => key.Contains("/chunk/", StringComparison.Ordinal));
        bench.Damage($"loire|log/{TopicId}/0/head");
        bench.Damage(chunk);
        var bytes = bench.Store.Keys.Except(kept).Sum(key => bench.Store.Find(key)!.Length);
        var repair = await bench.InspectAsync();
        Assert.Equal(
            [
                new StoreFinding(RepairAction.RemoveLog, $"log/{TopicId}/0/head", bench.Store.Keys.Count - kept.Count, bytes),
                new StoreFinding(RepairAction.Leave, chunk["loire|".Length..], 1, bench.Store.Find(chunk)!.Length),
            ],
            repair.Findings.OrderByDescending(finding => finding.Action));
        Assert.True(await repair.ApplyAsync());
        Assert.Equal(kept, bench.Store.Keys);
    });

    [Fact]
    public void What_has_changed_since_the_inspection_is_not_touched() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync($"{TopicId}/0");
        await bench.FillAsync($"{TopicId}/1");
        var (removed, restored) = ($"loire|log/{TopicId}/0/head", $"loire|log/{TopicId}/1/head");
        var (first, second) = (bench.Store.Find(removed)!, bench.Store.Find(restored)!);
        bench.Damage(removed);
        bench.Store.Replace(restored, [.. second[..^1], (byte)(second[^1] ^ 1)]);
        var repair = await bench.InspectAsync();
        Assert.Equal(2, repair.Findings.Count);

        // A node that is up after all.
        bench.Store.Replace(removed, null);
        bench.Store.Replace(removed, first);
        bench.Store.Replace(restored, null);
        bench.Store.Replace(restored, second);
        var keys = bench.Store.Keys;
        Assert.False(await repair.ApplyAsync());
        Assert.Equal(keys, bench.Store.Keys);
        Assert.Equal(first, bench.Store.Find(removed)!);
        Assert.Equal(second, bench.Store.Find(restored)!);
        Assert.NotEmpty(await LogBench.ReadAllAsync(await bench.LeadAsync($"{TopicId}/0")));
    });
}
