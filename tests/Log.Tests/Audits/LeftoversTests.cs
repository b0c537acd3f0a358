using System.Globalization;
using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Log.Tests.Audits;

/// <summary>What is left in a store once logs are deleted: nothing, however they were used and however their deletion went.</summary>
public class LeftoversTests
{
    private const string TopicId = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void Journals_and_logs_that_changed_their_owner_a_hundred_times_uncleanly_leave_nothing() => StoreBench.Run(async bench =>
    {
        for (var i = 0; i < 100; i++)
        {
            // Never disposed of: each owner may still write, so each next one's fence is permanent.
            Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(await bench.OpenAsync("topic/t"), "r"));
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(await bench.LeadAsync($"{TopicId}/0"), "v"));
        }

        Assert.Empty(await bench.FindAsync());
        Assert.Equal(ErrorCode.None, await bench.NewJournal("topic/t").DeleteAsync());
        Assert.Equal(ErrorCode.None, await bench.NewLog($"{TopicId}/0").DeleteAsync(default));
        Assert.Empty(bench.Store.Keys);
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Deletions_in_any_order_beside_faults_leave_nothing_once_they_are_repeated(int seed) => StoreBench.Run(async bench =>
    {
        var random = new Random(seed);
        string[] journals = ["topic/a", "topic/b.c", "group/g", "group/0123456789abcdef0123456789abcdef"];
        string[] logs = [$"{TopicId}/0", $"{TopicId}/1"];
        bench.Store.Faults = call => Task.FromResult(random.Next(40) switch
        {
            0 when call.Operation != StorageOperation.Read => StorageFault.LoseAnswer(new TimeoutException()),
            1 => StorageFault.Refuse(new IOException("no answer")),
            2 when call.Operation == StorageOperation.Clear => StorageFault.Refuse(new UnauthorizedAccessException()),
            _ => StorageFault.None,
        });
        for (var step = 0; step < 60; step++)
        {
            var name = journals[random.Next(journals.Length)];
            var journal = bench.NewJournal(name);
            if (random.Next(5) == 0)
            {
                await journal.DeleteAsync();
            }
            else if (await journal.OpenAsync(static _ => { }, static _ => { }) == ErrorCode.None)
            {
                await StoreBench.AppendAsync(journal, new string('r', random.Next(1, 200)));
            }

            var log = bench.NewLog(logs[random.Next(logs.Length)]);
            if (await log.OpenAsync(default) == ErrorCode.None && await log.BecomeLeaderAsync(default) == ErrorCode.None)
            {
                for (var i = random.Next(20); i > 0; i--)
                {
                    await LogBench.AppendAsync(log, new string('v', random.Next(1, 200)));
                }
            }

            if (random.Next(2) == 0)
            {
                await log.DisposeAsync();
                await journal.DisposeAsync();
            }
        }

        bench.Store.Faults = null;
        foreach (var name in journals)
        {
            Assert.Equal((name, ErrorCode.None), (name, await bench.NewJournal(name).DeleteAsync()));
        }

        foreach (var name in logs)
        {
            Assert.Equal((name, ErrorCode.None), (name, await bench.NewLog(name).DeleteAsync(default)));
        }

        await bench.SweepAsync(logs);
        Assert.Empty(await bench.FindAsync());
        Assert.Empty(bench.Store.Keys);
    });

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 10)];

    [Fact]
    public void Deletion_beside_an_unreadable_index_page_leaves_nothing() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync($"{TopicId}/0");
        var keys = bench.Store.Keys;
        foreach (var part in keys.Where(key => key.Contains("/part/", StringComparison.Ordinal)))
        {
            var page = bench.Store.Find(part)!;
            if (page[5] == (byte)ObjectKind.Page)
            {
                foreach (var remove in new[] { false, true })
                {
                    var before = keys.ToDictionary(key => key, key => bench.Store.Find(key));
                    if (remove)
                    {
                        bench.Store.Replace(part, null);
                    }
                    else
                    {
                        bench.Damage(part);
                    }

                    Assert.Equal(ErrorCode.None, await bench.NewLog($"{TopicId}/0").DeleteAsync(default));
                    Assert.Empty(bench.Store.Keys);
                    foreach (var (key, bytes) in before)
                    {
                        bench.Store.Replace(key, bytes);
                    }
                }
            }
        }
    });

    [Fact]
    public void Log_whose_head_is_damaged_beyond_one_bit_is_deleted_and_whoever_led_it_appends_no_more() => StoreBench.RunHolding(async bench =>
    {
        await bench.FillAsync($"{TopicId}/0");
        var (leader, owner) = (await bench.LeadAsync($"{TopicId}/0"), await bench.OpenAsync("group/g"));
        Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(owner, "r"));
        await StoreBench.SettleAsync();
        foreach (var head in bench.Store.Keys.Where(key => key.EndsWith("/head", StringComparison.Ordinal)))
        {
            bench.Damage(head);
        }

        // Held when everything is fenced and nothing is deleted.
        bench.Script.Calls.Clear();
        var held = new TaskCompletionSource();
        bench.Script.On(call => call.Operation == StorageOperation.Clear, async _ =>
        {
            await held.Task;
            return StorageFault.None;
        }, times: 1_000);
        Task<ErrorCode>[] deletions = [bench.NewLog($"{TopicId}/0").DeleteAsync(default), bench.NewJournal("group/g").DeleteAsync()];
        bool IsHeld(string name) => bench.Script.Calls.Exists(call => call.Operation == StorageOperation.Clear && call.Key.Contains(name, StringComparison.Ordinal));
        await StoreBench.UntilAsync(() => IsHeld(TopicId) && IsHeld("group/g"));
        Assert.NotEqual(ErrorCode.None, await LogBench.AppendAsync(leader, "late"));
        Assert.NotEqual(ErrorCode.None, await StoreBench.AppendAsync(owner, "late"));
        held.SetResult();
        await StoreBench.UntilAsync(() => deletions.All(deletion => deletion.IsCompleted));
        Assert.Equal([ErrorCode.None, ErrorCode.None], deletions.Select(deletion => deletion.Result));
        Assert.Empty(bench.Store.Keys);
        Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(await bench.OpenAsync("group/g"), "again"));
    });

    [Fact]
    public void Leader_of_a_log_without_a_head_is_fenced_though_its_newest_parts_are_rewritten_old_ones() => StoreBench.RunHolding(async bench =>
    {
        var leader = await bench.LeadAsync($"{TopicId}/0");
        for (var i = 0; i < 250; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(leader, $"v{i}" + new string('x', 150)));
        }

        // First the newest objects, and then all others.
        Assert.Equal(ErrorCode.None, await leader.SealAsync());
        await RewriteAsync(240, leader.ListedEndOffset);
        await RewriteAsync(0, 240);
        await leader.Maintenance;
        Assert.True(bench.Store.Keys.Count(key => key.Contains("/part/", StringComparison.Ordinal)) > 64);
        Assert.Single(bench.Store.Keys, key => key.Contains("/chunk/", StringComparison.Ordinal));

        bench.Damage($"loire|log/{TopicId}/0/head");
        var held = new TaskCompletionSource();
        bench.Script.Calls.Clear();
        bench.Script.On(call => call.Operation == StorageOperation.Clear, async _ =>
        {
            await held.Task;
            return StorageFault.None;
        }, times: 1_000);
        var deletion = bench.NewLog($"{TopicId}/0").DeleteAsync(default);
        await StoreBench.UntilAsync(() => bench.Script.Calls.Exists(call => call.Operation == StorageOperation.Clear));
        Assert.NotEqual(ErrorCode.None, await LogBench.AppendAsync(leader, "late"));
        held.SetResult();
        Assert.Equal(ErrorCode.None, await deletion);
        Assert.Empty(bench.Store.Keys);

        async Task RewriteAsync(long from, Offset end)
        {
            for (var next = new Offset(from); next < end;)
            {
                // The last batch of an object stays, in another form.
                var step = await leader.RewriteAsync(
                    next,
                    end,
                    batches => Task.FromResult(new RewrittenBatches(
                        ErrorCode.None, [.. new ReadOnlyMemory<byte>[batches.Count - 1], Restamped(batches[^1])])),
                    static _ => default);
                Assert.Equal(ErrorCode.None, step.Error);
                next = step.Next;
            }
        }

        static ReadOnlyMemory<byte> Restamped(ReadOnlyMemory<byte> batch)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(batch.Span, out var view));
            var copy = batch.ToArray();
            RecordBatch.Restamp(batch.Span, view.BaseOffset, view.LeaderEpoch, new Timestamp(view.MaxTimestamp.Milliseconds + 1), copy);
            return copy;
        }
    });

    [Fact]
    public void Write_that_lands_after_its_logs_deletion_is_swept_and_nothing_of_a_living_log() => StoreBench.RunHolding(async bench =>
    {
        var (journal, log) = (await bench.OpenAsync("group/g"), await bench.LeadAsync($"{TopicId}/0"));
        Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(journal, "r"));
        var lands = new TaskCompletionSource();
        bench.Script.On(call => call.IsCreate && call.Bytes.Span.IndexOf("late"u8) >= 0, async _ =>
        {
            await lands.Task;
            return StorageFault.None;
        }, times: 2);
        Task<ErrorCode>[] late = [StoreBench.AppendAsync(journal, "late"), LogBench.AppendAsync(log, "late")];
        Assert.Equal(ErrorCode.None, await bench.NewJournal("group/g").DeleteAsync());
        Assert.Equal(ErrorCode.None, await bench.NewLog($"{TopicId}/0").DeleteAsync(default));
        lands.SetResult();
        await StoreBench.UntilAsync(() => late.All(append => append.IsCompleted));
        Assert.NotEmpty(await bench.FindAsync());

        await bench.FillAsync($"{TopicId}/1");
        Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(await bench.OpenAsync("group/g"), "again"));
        Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(await bench.OpenAsync("catalog"), "c"));
        var found = await bench.FindAsync();
        Assert.All(found, one => Assert.StartsWith("Leaked", one, StringComparison.Ordinal));

        // Without a head and an incarnation, only the owner of the name tells deleted from lost.
        var ofPartition = found.Count(one => one.Contains(TopicId, StringComparison.Ordinal));
        Assert.Equal(found.Count - ofPartition, await bench.SweepAsync());
        Assert.Equal(ofPartition, await bench.SweepAsync($"{TopicId}/0"));
        Assert.Empty(await bench.FindAsync());
        Assert.Equal(0, await bench.SweepAsync($"{TopicId}/0", $"{TopicId}/1", "group/g", "catalog"));
    });

    [Fact]
    public void Journal_without_an_incarnation_whose_name_looks_like_one_is_kept() => StoreBench.Run(async bench =>
    {
        const string name = "group/00112233445566778899aabbccddeeff";
        await using (var chain = new Chain(
            bench.Store, name, LogBench.NewWriter(), bench.JournalOptions, JournalRecordFormat.Instance, new ObjectCache(0), TimeProvider.System,
            isNameReused: false))
        {
            Assert.Equal(ErrorCode.None, await chain.OpenAsync(default));
            Assert.Equal(ErrorCode.None, await chain.TakeEpochAsync(default));
        }

        var keys = bench.Store.Keys;
        Assert.Contains($"loire|log/{name}/chunk/{0.ToString("D16", CultureInfo.InvariantCulture)}", keys);
        Assert.Equal(0, await bench.SweepAsync());
        Assert.Empty(await bench.FindAsync());
        bench.Store.Replace($"loire|log/{name}/head", null);
        Assert.Equal(0, await bench.SweepAsync());
        Assert.All(await bench.FindAsync(), found => Assert.StartsWith($"Leaked {name} ", found, StringComparison.Ordinal));
    });
}
