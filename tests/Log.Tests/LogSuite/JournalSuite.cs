using System.Text;
using Loire.Log.Journals;
using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>What a journal does on any store that keeps to the contract of grain storage. One class per store derives from it.</summary>
public abstract class JournalSuite
{
    /// <summary>Opens a store that holds nothing.</summary>
    protected abstract Task<ILogStore> NewStoreAsync();

    [Fact]
    public void Records_are_replayed_in_order() => Run(async store =>
    {
        var (journal, replayed) = await OpenAsync(store);
        Assert.Empty(replayed);
        Assert.Equal(ErrorCode.None, await AppendAsync(journal, "a", "b"));
        Assert.Equal(ErrorCode.None, await AppendAsync(journal, "c", "", new string('d', 5000)));
        await journal.DisposeAsync();
        await store.ReopenAsync();
        (_, replayed) = await OpenAsync(store);
        Assert.Equal(["a", "b", "c", "", new string('d', 5000)], replayed);
    });

    [Fact]
    public void A_snapshot_replaces_all_records_before_it() => Run(async store =>
    {
        var (journal, _) = await OpenAsync(store);
        await AppendAsync(journal, "a", "b");
        Assert.Equal(ErrorCode.None, await journal.SnapshotAsync(Bytes("after b")));
        await AppendAsync(journal, "c");
        (_, var replayed) = await OpenAsync(store);
        Assert.Equal(["[after b]", "c"], replayed);

        Assert.Equal(ErrorCode.None, await journal.SnapshotAsync(Bytes("after c")));
        Assert.Equal(ErrorCode.None, await journal.SnapshotAsync(default));
        (_, replayed) = await OpenAsync(store);
        Assert.Equal(["[]"], replayed);
        Assert.Equal(ErrorCode.None, await AppendAsync(journal, "d"));
        (_, replayed) = await OpenAsync(store);
        Assert.Equal(["[]", "d"], replayed);
    });

    [Fact]
    public void Appends_stay_in_order_from_the_first_one() => Run(async store =>
    {
        var (journal, _) = await OpenAsync(store);
        var appends = Enumerable.Range(0, 50).Select(i => AppendAsync(journal, $"r{i}")).ToList();
        Assert.All(await Task.WhenAll(appends), error => Assert.Equal(ErrorCode.None, error));
        (_, var replayed) = await OpenAsync(store);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"r{i}"), replayed);
    });

    [Fact]
    public void Records_and_snapshots_survive_many_openings() => Run(async store =>
    {
        var expected = new List<string>();
        for (var round = 0; round < 12; round++)
        {
            var (journal, replayed) = await OpenAsync(store);
            Assert.Equal(expected, replayed.SelectMany(text => text.Trim('[', ']').Split(',', StringSplitOptions.RemoveEmptyEntries)));
            for (var i = 0; i < 30; i++)
            {
                expected.Add($"{round}.{i}");
                Assert.Equal(ErrorCode.None, await AppendAsync(journal, expected[^1]));
                if (i % 11 == round % 11)
                {
                    Assert.Equal(ErrorCode.None, await journal.SnapshotAsync(Bytes(string.Join(',', expected))));
                }
            }
        }
    });

    [Fact]
    public void Appends_during_a_snapshot_follow_it() => Run(async store =>
    {
        var (journal, _) = await OpenAsync(store);
        await AppendAsync(journal, "a");
        var snapshot = journal.SnapshotAsync(Bytes("after a"));
        var append = AppendAsync(journal, "b");
        Assert.Equal((ErrorCode.None, ErrorCode.None), (await snapshot, await append));
        (_, var replayed) = await OpenAsync(store);
        Assert.Equal(["[after a]", "b"], replayed);
    });

    [Fact]
    public void A_snapshot_is_wanted_when_the_records_are_larger_than_the_last_one() => Run(async store =>
    {
        var (journal, _) = await OpenAsync(store);
        Assert.False(journal.WantsSnapshot);
        await AppendAsync(journal, new string('x', 3000));
        Assert.True(journal.WantsSnapshot);
        await journal.SnapshotAsync(new byte[10_000]);
        Assert.False(journal.WantsSnapshot);
        await AppendAsync(journal, new string('x', 9000));
        Assert.False(journal.WantsSnapshot);
        (journal, _) = await OpenAsync(store);
        Assert.False(journal.WantsSnapshot);
        await AppendAsync(journal, new string('x', 2000));
        Assert.True(journal.WantsSnapshot);
    });

    [Fact]
    public void A_small_snapshot_is_wanted_before_chunks_are_merged_and_a_large_one_is_not() => Run(async store =>
    {
        foreach (var (snapshotBytes, isWanted) in new[] { (10, true), (500, false) })
        {
            var (journal, _) = await OpenAsync(store);
            await journal.SnapshotAsync(new byte[snapshotBytes]);
            for (var i = 0; i < 3; i++)
            {
                Assert.False(journal.WantsSnapshot);
                await AppendAsync(journal, $"small {i}");
            }

            Assert.Equal(isWanted, journal.WantsSnapshot);
        }
    });

    [Fact]
    public void An_owner_that_has_not_seen_the_newest_records_cannot_append() => Run(async store =>
    {
        var (stale, _) = await OpenAsync(store);
        var (current, _) = await OpenAsync(store);
        Assert.Equal(ErrorCode.None, await AppendAsync(current, "a"));
        var closed = new List<ErrorCode>();
        stale.Closed = closed.Add;
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await AppendAsync(stale, "b"));
        Assert.Equal([ErrorCode.NotLeaderOrFollower], closed);
        (_, var replayed) = await OpenAsync(store);
        Assert.Equal(["a"], replayed);
    });

    [Fact]
    public void A_newer_owner_fences_the_previous_one() => Run(async store =>
    {
        var (old, _) = await OpenAsync(store);
        await AppendAsync(old, "a");
        var (next, _) = await OpenAsync(store);
        Assert.Equal(ErrorCode.None, await AppendAsync(next, "b"));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await AppendAsync(old, "zombie"));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await old.SnapshotAsync(Bytes("zombie")));
        (_, var replayed) = await OpenAsync(store);
        Assert.Equal(["a", "b"], replayed);
    });

    [Fact]
    public void An_owner_can_check_whether_another_one_has_appended() => Run(async store =>
    {
        var (first, _) = await OpenAsync(store);
        Assert.Equal(ErrorCode.None, await first.CheckNewestAsync(TimeSpan.Zero));
        Assert.Equal(ErrorCode.None, await AppendAsync(first, "a"));
        Assert.Equal(ErrorCode.None, await first.CheckNewestAsync(TimeSpan.Zero));

        var (reader, _) = await OpenAsync(store);
        Assert.Equal(ErrorCode.None, await reader.CheckNewestAsync(TimeSpan.Zero));
        Assert.Equal(ErrorCode.None, await AppendAsync(first, "b"));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await reader.CheckNewestAsync(TimeSpan.Zero));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await AppendAsync(reader, "zombie"));

        var (next, replayed) = await OpenAsync(store);
        Assert.Equal(["a", "b"], replayed);
        Assert.Equal(ErrorCode.None, await AppendAsync(next, "c"));
        Assert.Equal(ErrorCode.None, await next.CheckNewestAsync(TimeSpan.Zero));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await first.CheckNewestAsync(TimeSpan.Zero));
    });

    [Fact]
    public void An_owner_that_merges_its_chunks_or_takes_a_snapshot_stays_the_newest() => Run(async store =>
    {
        var (journal, _) = await OpenAsync(store);
        for (var i = 0; i < 40; i++)
        {
            Assert.Equal(ErrorCode.None, await AppendAsync(journal, "a"));
            Assert.Equal(ErrorCode.None, await journal.CheckNewestAsync(TimeSpan.Zero));
        }

        Assert.Equal(ErrorCode.None, await journal.SnapshotAsync(Bytes("all")));
        Assert.Equal(ErrorCode.None, await journal.CheckNewestAsync(TimeSpan.Zero));
    });

    [Fact]
    public void A_deleted_journal_is_empty() => Run(async store =>
    {
        var (journal, _) = await OpenAsync(store);
        for (var i = 0; i < 40; i++)
        {
            await AppendAsync(journal, "a");
        }

        await journal.SnapshotAsync(Bytes("all"));
        await AppendAsync(journal, "b");
        Assert.Equal(ErrorCode.None, await journal.DeleteAsync());
        (_, var replayed) = await OpenAsync(store);
        Assert.Empty(replayed);
    });

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static Task<ErrorCode> AppendAsync(Journal journal, params string[] records) =>
        journal.AppendAsync([.. records.Select(Bytes)]);

    private static async Task<(Journal Journal, List<string> Replayed)> OpenAsync(ILogStore store)
    {
        var options = new JournalOptions { TailChunks = 8, SegmentBytes = 4000, WholeChunkBytes = 3000, SnapshotAfterBytes = 2000 };
        var journal = new Journal(store.Storage, "topic/a.b", LogBench.NewWriter(), options, TimeProvider.System);
        var replayed = new List<string>();
        Assert.Equal(ErrorCode.None, await journal.OpenAsync(
            bytes => replayed.Add($"[{Encoding.UTF8.GetString(bytes)}]"), bytes => replayed.Add(Encoding.UTF8.GetString(bytes))));
        return (journal, replayed);
    }

    private void Run(Func<ILogStore, Task> test) => SingleThread.Run(async () =>
    {
        await using var store = await NewStoreAsync();
        await test(store);
    });
}
