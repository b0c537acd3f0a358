using System.Globalization;
using Loire.Grains.Groups;
using Loire.Grains.Journals;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Log.Journals;
using Loire.Model;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Grains.Tests.Groups;

public class GroupCatalogDriverTests
{
    private static int _writers;
    private readonly LossyGrainStorage _storage = new();
    private readonly DriverThread _thread = new();
    private readonly List<GroupId> _swept = [];
    private readonly List<string> _rebuilt = [];
    private Task<ErrorCode> _expired = Task.FromResult(ErrorCode.None);

    [Fact]
    public void Groups_are_listed_in_order_page_by_page_also_after_a_crash()
    {
        var catalog = NewDriver(_storage);
        var recorded = Enumerable.Range(0, 1_000)
            .Select(i => _thread.Post(() => catalog.RecordAsync("g" + i.ToString("D3", CultureInfo.InvariantCulture), true)))
            .ToList();
        _thread.Run();
        Assert.All(recorded, one => Assert.Equal(ErrorCode.None, one.Now()));
        Assert.Equal(ErrorCode.None, _thread.Finish(() => catalog.RecordAsync("g500", false)));
        foreach (var driver in new[] { catalog, NewDriver(_storage) })
        {
            List<GroupId> ids = [];
            for (var more = true; more;)
            {
                var page = _thread.Finish(() => driver.ListAsync(ids.LastOrDefault().Value, 300));
                ids.AddRange(page.GroupIds);
                more = page.HasMore;
            }

            Assert.Equal(999, ids.Count);
            Assert.Equal(ids.OrderBy(id => id.Value, StringComparer.Ordinal), ids);
            Assert.DoesNotContain("g500", ids);
        }

        Assert.InRange(_storage.Keys.Count, 1, 40);
    }

    [Fact]
    public void After_a_failed_write_the_catalog_has_the_durable_state()
    {
        var catalog = NewDriver(_storage);
        _thread.Finish(() => catalog.RecordAsync("a", true));
        _storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Write ? StorageFault.Refuse(new StorageFullException("no space left")) : StorageFault.None);
        Assert.Equal(ErrorCode.KafkaStorageError, _thread.Finish(() => catalog.RecordAsync("b", true)));
        Assert.Equal(["a"], _thread.Finish(() => catalog.ListAsync("", 10)).GroupIds);
        _storage.Faults = null;
        Assert.Equal(ErrorCode.None, _thread.Finish(() => catalog.RecordAsync("b", true)));
        Assert.Equal(["a", "b"], _thread.Finish(() => catalog.ListAsync("", 10)).GroupIds);
    }

    [Fact]
    public void Damage_to_any_object_of_the_catalog_stops_nothing_and_loses_nothing()
    {
        var catalog = NewDriver(_storage);
        foreach (var id in Enumerable.Range(0, 60).Select(i => $"team/{i.ToString("D2", CultureInfo.InvariantCulture)}"))
        {
            Assert.Equal(ErrorCode.None, _thread.Finish(() => catalog.RecordAsync(id, true)));
            var group = NewJournal(_storage, GroupJournalName.Of(id));
            Assert.Equal(ErrorCode.None, _thread.Finish(() => group.OpenAsync(static _ => { }, static _ => { })));
            Assert.Equal(ErrorCode.None, _thread.Finish(() => group.AppendAsync([new byte[10]])));
        }

        Assert.Equal(ErrorCode.None, _thread.Finish(() => NewJournal(_storage, GroupJournalName.Of("team/07")).DeleteAsync()));
        Assert.Equal(ErrorCode.None, _thread.Finish(() => catalog.RecordAsync("team/07", false)));
        var listed = _thread.Finish(() => catalog.ListAsync("", 100)).GroupIds;
        Assert.Equal(59, listed.Length);
        var keys = _storage.Keys.Where(key => key.StartsWith("loire|log/groups/0/", StringComparison.Ordinal)).ToList();
        Assert.True(keys.Count >= 3, string.Join(' ', keys));
        foreach (var key in keys)
        {
            var damaged = _storage.Clone();
            var whole = damaged.Find(key)!;
            whole.AsSpan(whole.Length / 3).Fill(0xA5);
            damaged.Replace(key, whole);
            _rebuilt.Clear();
            var driver = NewDriver(damaged);
            Assert.Equal(listed, _thread.Finish(() => driver.ListAsync("", 100)).GroupIds);
            Assert.Equal(ErrorCode.None, _thread.Finish(() => driver.RecordAsync("new", true)));
            Assert.Equal(ErrorCode.None, _thread.Finish(() => driver.RecordAsync("new", false)));
            Assert.Equal(listed, _thread.Finish(() => NewDriver(damaged).ListAsync("", 100)).GroupIds);
            Assert.InRange(_rebuilt.Count, key.EndsWith("/head", StringComparison.Ordinal) ? 1 : 0, 1);
        }
    }

    [Fact]
    public void The_sweep_reaches_every_group()
    {
        var catalog = NewDriver(_storage);
        foreach (var id in new[] { "a", "b", "c" })
        {
            _thread.Finish(() => catalog.RecordAsync(id, true));
        }

        _thread.Finish(async () =>
        {
            await catalog.SweepAsync();
            return true;
        });
        Assert.Equal(["a", "b", "c"], _swept);
    }

    [Fact]
    public void A_catalog_that_moves_does_not_wait_for_the_groups_that_it_sweeps()
    {
        var catalog = NewDriver(_storage);
        foreach (var id in new[] { "a", "b", "c", "d", "e" })
        {
            _thread.Finish(() => catalog.RecordAsync(id, true));
        }

        _expired = new TaskCompletionSource<ErrorCode>().Task;
        var sweep = _thread.Start(async () =>
        {
            await catalog.SweepAsync();
            return true;
        });
        Assert.False(sweep.IsCompleted);
        _thread.After(catalog.EndWaits);
        Assert.True(sweep.Now());
        Assert.Equal(["a", "b", "c", "d"], _swept);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10_001)]
    public void A_page_size_out_of_range_is_rejected(int max) =>
        Assert.Equal(ErrorCode.InvalidRequest, _thread.Finish(() => NewDriver(_storage).ListAsync("", max)).Error);

    private static Journal NewJournal(LossyGrainStorage storage, string name) => new(
        storage, name, new Guid(Interlocked.Increment(ref _writers), 3, 3, new byte[8]),
        new JournalOptions { SnapshotAfterBytes = 500, Listing = storage }, new ManualTime());

    private GroupCatalogDriver NewDriver(LossyGrainStorage storage) => new(
        new JournalSource("groups/0", name => NewJournal(storage, name)),
        id =>
        {
            _swept.Add(id);
            return new(_expired);
        },
        TimeSpan.FromSeconds(1),
        NullLogger.Instance,
        new StoredGroups(storage, name => new JournalSource(name, one => NewJournal(storage, one)), static _ => true),
        _rebuilt.Add);
}
