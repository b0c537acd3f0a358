using System.Globalization;
using Loire.Grains.Tests.Benches;
using Loire.Log.Audits;
using Loire.TestKit;

namespace Loire.Grains.Tests.Topics;

/// <summary>Storage damages or loses what the catalog of topics is kept in, or a write that belongs to a deleted topic lands late.</summary>
public class CatalogRebuildTests
{
    private const string CatalogKey = "loire|log/catalog/";

    [Theory]
    [InlineData("a bit")]
    [InlineData("many bytes")]
    [InlineData("truncation")]
    [InlineData("loss of the head")]
    public void Damage_to_any_object_of_the_catalog_stops_nothing_and_loses_nothing(string damage)
    {
        var (storage, listed) = Filled();
        var keys = storage.Keys.Where(key => key.StartsWith(CatalogKey, StringComparison.Ordinal)).ToList();
        Assert.True(keys.Count >= 3, string.Join(' ', keys));
        var rebuilt = 0;
        foreach (var key in keys.Where(key => damage != "loss of the head" || key == CatalogKey + "head"))
        {
            var damaged = storage.Clone();
            damaged.Replace(key, Damaged(storage.Find(key)!, damage));
            var bench = new TopicsBench(damaged);
            Assert.Equal((key, listed), (key, bench.List()));
            Assert.Equal(ErrorCode.TopicAlreadyExists, bench.Create("t003").Error);
            Assert.Equal(ErrorCode.InvalidTopicException, bench.Create("dotted_name").Error);
            Assert.Equal(ErrorCode.None, bench.Create("new").Error);
            Assert.Equal(ErrorCode.None, bench.Delete("t003").Error);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Delete("t000").Error);
            bench.Settle();
            rebuilt += bench.Rebuilt.Count;
            Assert.InRange(bench.Rebuilt.Count, 0, 1);

            var expected = listed.Replace(" t003", "", StringComparison.Ordinal).Replace(" t004", " new t004", StringComparison.Ordinal);
            expected = string.Join(' ', expected.Split(' ').Order(StringComparer.Ordinal));
            Assert.Equal((key, expected), (key, bench.List()));
            var next = new TopicsBench(damaged);
            Assert.Equal((key, expected, 0), (key, next.List(), next.Rebuilt.Count));
            next.Sweep();
            Assert.Empty(next.Audit());
        }

        Assert.True(rebuilt > 0);
    }

    [Fact]
    public void Crash_at_any_call_while_the_catalog_is_rebuilt_loses_nothing()
    {
        var (storage, listed) = Filled();
        storage.Replace(LastChunk(storage), [1, 2, 3]);
        for (var (at, hasEnded) = (1, false); !hasEnded; at++)
        {
            var crashed = storage.Clone();
            var calls = 0;
            crashed.Faults = _ => ++calls < at ? Task.FromResult(StorageFault.None) : new TaskCompletionSource<StorageFault>().Task;
            var bench = new TopicsBench(crashed);
            hasEnded = bench.Thread.Start(() => bench.Catalog.ListAsync("", 1_000)).IsCompleted;
            crashed.Crash();
            crashed.Faults = null;
            Assert.Equal((at, listed), (at, new TopicsBench(crashed).List()));
        }
    }

    [Fact]
    public void Catalog_that_another_activation_has_rebuilt_changes_nothing_more()
    {
        var old = new TopicsBench();
        old.Create("a");
        old.Storage.Replace(LastChunk(old.Storage), [1, 2, 3]);
        var @new = new TopicsBench(old.Storage);
        Assert.Equal("a", @new.List());
        Assert.Equal(["catalog"], @new.Rebuilt);
        Assert.Equal(ErrorCode.NotController, old.Create("b").Error);
        Assert.Equal(ErrorCode.None, old.Create("b").Error);
        Assert.Equal(("a b", "a b"), (old.List(), new TopicsBench(old.Storage).List()));
    }

    [Fact]
    public void Topic_whose_own_journal_is_damaged_too_stays_listed_and_the_others_are_served()
    {
        var (storage, listed) = Filled();
        storage.Replace(CatalogKey + "head", [1]);
        storage.Replace("loire|log/topic/t005/head", [1]);
        var bench = new TopicsBench(storage);
        Assert.Equal(listed, bench.List());
        Assert.Equal(ErrorCode.None, bench.Delete("t003").Error);
        Assert.Equal(ErrorCode.KafkaStorageError, bench.Describe("t005").Error);
    }

    [Fact]
    public void Storage_that_cannot_be_listed_leaves_the_damaged_catalog_as_it_is()
    {
        var (storage, listed) = Filled();
        storage.Replace(CatalogKey + "head", [1]);
        storage.ListingFault = new IOException("no answer");
        Assert.Equal("", new TopicsBench(storage).List());
        Assert.NotNull(storage.Find(CatalogKey + "head"));
        storage.ListingFault = null;
        Assert.Equal(listed, new TopicsBench(storage).List());
    }

    [Fact]
    public void Records_that_vanish_from_the_catalog_without_a_trace_are_reconciled_with_the_store()
    {
        var bench = new TopicsBench();
        bench.Create("kept");
        bench.Create("deleted");
        var before = bench.Storage.Keys.Where(key => key.StartsWith(CatalogKey, StringComparison.Ordinal))
            .ToDictionary(key => key, key => bench.Storage.Find(key));
        bench.Create("created");
        bench.Delete("deleted");
        foreach (var key in bench.Storage.Keys.Where(key => key.StartsWith(CatalogKey, StringComparison.Ordinal)))
        {
            bench.Storage.Replace(key, before.GetValueOrDefault(key));
        }

        var next = new TopicsBench(bench.Storage);
        Assert.Equal("deleted kept", next.List());
        next.Sweep();
        next.Settle();
        Assert.Equal("created kept", next.List());
    }

    [Fact]
    public void Leftovers_of_deleted_topics_are_swept_and_nothing_of_a_living_one()
    {
        var bench = new TopicsBench();
        var (kept, deleted) = (bench.Create("kept", 2), bench.Create("deleted", 2));
        foreach (var topic in new[] { kept, deleted })
        {
            Assert.Equal(ErrorCode.None, bench.Append(TopicsBench.Key(topic, 1), "v").Error);
        }

        var leftovers = bench.Storage.Keys
            .Where(key => key.Contains(deleted.Topic!.Id.ToString(), StringComparison.Ordinal) && !key.EndsWith("/head", StringComparison.Ordinal))
            .ToDictionary(key => key, key => bench.Storage.Find(key));
        Assert.Equal(ErrorCode.None, bench.Delete("deleted").Error);
        Assert.Empty(bench.Audit());
        foreach (var (key, bytes) in leftovers)
        {
            bench.Storage.Replace(key, bytes);
        }

        // A head that storage lost: what is left of its log may be all that there is.
        var lost = bench.Storage.Keys.Single(key => key.Contains($"{kept.Topic!.Id}/1/head", StringComparison.Ordinal));
        bench.Storage.Replace(lost, null);
        Assert.Equal(leftovers.Count, bench.Audit().Count(found => found.Log.StartsWith(deleted.Topic!.Id.ToString(), StringComparison.Ordinal)));
        bench.Sweep();
        Assert.NotEmpty(bench.Audit());
        Assert.All(bench.Audit(), found => Assert.Equal((LogFindingKind.Leaked, $"{kept.Topic!.Id}/1"), (found.Kind, found.Log)));
    }

    /// <summary>A store with topics that exist, were deleted, were created again, and are being deleted; and the list of those that exist.</summary>
    private static (LossyGrainStorage Storage, string Listed) Filled()
    {
        var bench = new TopicsBench();
        foreach (var name in Enumerable.Range(0, 12).Select(i => $"t{i.ToString("D3", CultureInfo.InvariantCulture)}").Append("dotted.name"))
        {
            Assert.Equal(ErrorCode.None, bench.Create(name, 2).Error);
        }

        foreach (var name in new[] { "t000", "t001", "t002" })
        {
            Assert.Equal(ErrorCode.None, bench.Delete(name).Error);
        }

        Assert.Equal(ErrorCode.None, bench.Create("t001").Error);
        bench.PartitionFault = _ => ErrorCode.RequestTimedOut;
        Assert.NotEqual(ErrorCode.None, bench.Delete("t011").Error);
        bench.PartitionFault = _ => null;
        var listed = bench.List();
        Assert.Equal("dotted.name t001 t003 t004 t005 t006 t007 t008 t009 t010", listed);
        return (bench.Storage.Clone(), listed);
    }

    private static string LastChunk(LossyGrainStorage storage) => storage.Keys.Last(
        key => key.StartsWith(CatalogKey, StringComparison.Ordinal) && key.Contains("/chunk/", StringComparison.Ordinal));

    private static byte[]? Damaged(byte[] whole, string damage)
    {
        switch (damage)
        {
            case "a bit":
                whole[whole.Length / 2] ^= 4;
                return whole;
            case "many bytes":
                whole.AsSpan(whole.Length / 3).Fill(0xA5);
                return whole;
            case "truncation":
                return whole[..(whole.Length / 2)];
            default:
                return null;
        }
    }
}
