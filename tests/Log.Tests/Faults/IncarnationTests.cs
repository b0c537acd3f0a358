using System.Text;
using Loire.Log.Chains;
using Loire.Log.Journals;
using Loire.Log.Objects;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Log.Tests.Faults;

/// <summary>Journals whose names are used again after a deletion.</summary>
public class IncarnationTests
{
    private const string HeadKey = "loire|log/group/g/head";
    private static readonly JournalOptions Options = new() { TailChunks = 8, UnknownOutcomeDeadline = TimeSpan.FromSeconds(5) };

    [Fact]
    public void Write_in_doubt_that_lands_after_the_name_is_used_again_belongs_to_no_journal() => VirtualTime.Run(async time =>
    {
        var store = new LossyGrainStorage();
        var script = new FaultScript(store);
        var old = await OpenAsync(store, time);
        Assert.Equal(ErrorCode.None, await AppendAsync(old.Journal, "a"));
        var lands = new TaskCompletionSource();
        script.On(FaultBench.ChunkCreate, StorageFault.ArriveLate(new TimeoutException("slow"), lands.Task));
        var zombie = AppendAsync(old.Journal, "zombie");

        Assert.Equal(ErrorCode.None, await (await OpenAsync(store, time)).Journal.DeleteAsync());
        Assert.Empty(store.Keys);
        var next = await OpenAsync(store, time);
        Assert.Equal(ErrorCode.None, await AppendAsync(next.Journal, "b"));
        lands.SetResult();

        // Whether it was appended before the deletion is unknown; to what came after it, it was not.
        await zombie;
        Assert.Equal(ErrorCode.None, await AppendAsync(next.Journal, "c"));
        Assert.Equal(["b", "c"], (await OpenAsync(store, time)).Replayed);
        Assert.NotEqual(ErrorCode.None, await old.Journal.CheckNewestAsync(TimeSpan.Zero));
    });

    [Fact]
    public void First_head_that_lands_after_its_creation_was_given_up_is_removed() => VirtualTime.Run(async time =>
    {
        var store = new LossyGrainStorage();
        var script = new FaultScript(store);
        var (journal, _) = await OpenAsync(store, time);
        var lands = new TaskCompletionSource();
        script.On(FaultBench.HeadWrite, StorageFault.ArriveLate(new TimeoutException("slow"), lands.Task), times: 100);
        Assert.Equal(ErrorCode.RequestTimedOut, await AppendAsync(journal, "a"));
        await journal.DisposeAsync();
        script.Clear();
        LandHere(lands);
        Assert.Equal([HeadKey], store.Keys);

        var (reader, replayed) = await OpenAsync(store, time);
        Assert.Empty(replayed);
        await reader.DisposeAsync();
        Assert.Empty(store.Keys);
    });

    /// <summary>Lets a late write land on this thread, for no other is waited for in virtual time.</summary>
    private static void LandHere(TaskCompletionSource lands)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        lands.SetResult();
        SynchronizationContext.SetSynchronizationContext(before);
    }

    [Fact]
    public void Owner_that_finds_a_journal_while_it_is_created_removes_nothing_that_is_acknowledged() => SingleThread.Run(async () =>
    {
        var (store, time) = (new LossyGrainStorage(), TimeProvider.System);
        var script = new FaultScript(store);
        var (creator, _) = await OpenAsync(store, time);
        var fence = new TaskCompletionSource();
        script.On(FaultBench.ChunkCreate, async _ =>
        {
            await fence.Task;
            return StorageFault.None;
        });
        var append = AppendAsync(creator, "a");
        while (store.Keys.Count == 0)
        {
            await Task.Yield();
        }

        var (other, replayed) = await OpenAsync(store, time);
        Assert.Empty(replayed);
        fence.SetResult();
        Assert.Equal(ErrorCode.None, await append);
        await other.DisposeAsync();
        Assert.Equal(["a"], (await OpenAsync(store, time)).Replayed);
    });

    [Fact]
    public void Journal_created_before_there_were_incarnations_keeps_its_keys_until_it_is_deleted() => VirtualTime.Run(async time =>
    {
        var store = new LossyGrainStorage();
        await using (var chain = new Chain(
            store, "group/g", LogBench.NewWriter(), Options, JournalRecordFormat.Instance, new ObjectCache(0), time, isNameReused: false))
        {
            Assert.Equal(ErrorCode.None, await chain.OpenAsync(default));
            Assert.Equal(ErrorCode.None, await chain.TakeEpochAsync(default));
            var chunk = chain.Append([Item("a"), Item("b")]).Chunk;
            Assert.Equal(ErrorCode.None, await chunk.Ended);
        }

        var (journal, replayed) = await OpenAsync(store, time);
        Assert.Equal(["a", "b"], replayed);
        Assert.Equal(ErrorCode.None, await AppendAsync(journal, "c"));
        Assert.All(store.Keys, key => Assert.DoesNotContain(key.Split('/'), segment => segment.Length == 32));
        Assert.Equal(["a", "b", "c"], (await OpenAsync(store, time)).Replayed);

        Assert.Equal(ErrorCode.None, await (await OpenAsync(store, time)).Journal.DeleteAsync());
        Assert.Empty(store.Keys);
        Assert.Equal(ErrorCode.None, await AppendAsync((await OpenAsync(store, time)).Journal, "d"));
        Assert.All(store.Keys.Where(key => key != HeadKey), key => Assert.Equal(32, key.Split('/')[3].Length));
    });

    private static async Task<(Journal Journal, List<string> Replayed)> OpenAsync(LossyGrainStorage store, TimeProvider time)
    {
        var journal = new Journal(store, "group/g", LogBench.NewWriter(), Options, time);
        List<string> replayed = [];
        Assert.Equal(ErrorCode.None, await journal.OpenAsync(
            bytes => replayed.Add($"[{Encoding.UTF8.GetString(bytes)}]"), bytes => replayed.Add(Encoding.UTF8.GetString(bytes))));
        return (journal, replayed);
    }

    private static Item Item(string record) => new(Encoding.UTF8.GetBytes(record), default, 1, Timestamp.None);

    private static Task<ErrorCode> AppendAsync(Journal journal, string record) => journal.AppendAsync([Encoding.UTF8.GetBytes(record)]);
}
