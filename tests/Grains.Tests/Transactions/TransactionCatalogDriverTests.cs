using System.Globalization;
using Loire.Grains.Journals;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Transactions;
using Loire.Log.Journals;
using Loire.Model.Transactions;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Grains.Tests.Transactions;

public class TransactionCatalogDriverTests
{
    private static int _writers;
    private readonly LossyGrainStorage _storage = new();
    private readonly DriverThread _thread = new();
    private readonly ManualTime _time = new();
    private readonly TransactionOptions _options = new();
    private readonly List<TransactionalId> _swept = [];
    private Task<ErrorCode> _expired = Task.FromResult(ErrorCode.None);

    [Fact]
    public void Ids_are_listed_in_order_page_by_page_also_after_a_crash()
    {
        var catalog = NewDriver(_storage);
        var recorded = Enumerable.Range(0, 1_000)
            .Select(i => _thread.Post(() => catalog.RecordAsync("x" + i.ToString("D3", CultureInfo.InvariantCulture), TransactionalIdUse.Active)))
            .ToList();
        _thread.Run();
        Assert.All(recorded, one => Assert.Equal(ErrorCode.None, one.Now()));
        Record(catalog, "x500", TransactionalIdUse.Gone);
        foreach (var driver in new[] { catalog, NewDriver(_storage) })
        {
            List<TransactionalId> ids = [];
            for (var more = true; more;)
            {
                var page = _thread.Finish(() => driver.ListAsync(ids.LastOrDefault().Value, 300));
                ids.AddRange(page.Ids);
                more = page.HasMore;
            }

            Assert.Equal(999, ids.Count);
            Assert.Equal(ids.Order(), ids);
        }

        Assert.Equal(ErrorCode.InvalidRequest, _thread.Finish(() => catalog.ListAsync("", 0)).Error);
    }

    [Fact]
    public void A_sweep_asks_the_active_ids_and_once_a_day_all()
    {
        var catalog = NewDriver(_storage);
        Record(catalog, "a", TransactionalIdUse.Idle);
        Record(catalog, "b", TransactionalIdUse.Active);
        Assert.Equal(["b"], Sweep(catalog));
        Assert.Empty(Sweep(catalog));
        _time.Advance(_options.SweepInterval);
        Assert.Equal(["b"], Sweep(catalog));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(["a", "b"], Sweep(catalog));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(["b"], Sweep(catalog));
        _time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(["a", "b"], Sweep(catalog));
    }

    [Fact]
    public void A_catalog_that_moves_does_not_wait_for_the_ids_that_it_sweeps()
    {
        var catalog = NewDriver(_storage);
        foreach (var id in Enumerable.Range(0, 20))
        {
            Record(catalog, id.ToString(CultureInfo.InvariantCulture), TransactionalIdUse.Active);
        }

        _expired = new TaskCompletionSource<ErrorCode>().Task;
        Assert.Equal(8, Sweep(catalog).Length);
        _time.Advance(_options.SweepInterval);
        Assert.Empty(Sweep(catalog));
        _thread.After(catalog.EndWaits);
        _time.Advance(_options.SweepInterval);
        Assert.Empty(Sweep(catalog));
    }

    [Fact]
    public void Damage_to_the_catalog_loses_no_id_and_all_count_as_active_again()
    {
        var catalog = NewDriver(_storage);
        foreach (var id in new TransactionalId[] { "team/1", "team/2" })
        {
            Record(catalog, id, TransactionalIdUse.Idle);
            var journal = NewJournal(_storage, TransactionJournalName.Of(id));
            Assert.Equal(ErrorCode.None, _thread.Finish(() => journal.OpenAsync(static _ => { }, static _ => { })));
            Assert.Equal(ErrorCode.None, _thread.Finish(() => journal.AppendAsync([new byte[10]])));
        }

        foreach (var key in _storage.Keys.Where(key => key.StartsWith("loire|log/transactions/0/", StringComparison.Ordinal)).ToList())
        {
            var damaged = _storage.Clone();
            var whole = damaged.Find(key)!;
            whole.AsSpan(whole.Length / 3).Fill(0xA5);
            damaged.Replace(key, whole);
            var driver = NewDriver(damaged);
            Assert.Equal(["team/1", "team/2"], _thread.Finish(() => driver.ListAsync("", 100)).Ids);
            Assert.Equal(["team/1", "team/2"], Sweep(driver));
        }
    }

    private void Record(TransactionCatalogDriver catalog, TransactionalId id, TransactionalIdUse use) =>
        Assert.Equal(ErrorCode.None, _thread.Finish(() => catalog.RecordAsync(id, use)));

    private TransactionalId[] Sweep(TransactionCatalogDriver catalog)
    {
        _swept.Clear();
        _thread.Finish(async () =>
        {
            await catalog.SweepAsync();
            return true;
        });
        return [.. _swept.Order()];
    }

    private static Journal NewJournal(LossyGrainStorage storage, string name) => new(
        storage, name, new Guid(Interlocked.Increment(ref _writers), 5, 5, new byte[8]),
        new JournalOptions { SnapshotAfterBytes = 500, Listing = storage }, new ManualTime());

    private TransactionCatalogDriver NewDriver(LossyGrainStorage storage) => new(
        new JournalSource("transactions/0", name => NewJournal(storage, name)),
        id =>
        {
            _swept.Add(id);
            return new(_expired);
        },
        _options,
        TimeSpan.FromSeconds(1),
        _time,
        NullLogger.Instance,
        new StoredTransactionalIds(storage, name => new JournalSource(name, one => NewJournal(storage, one)), static _ => true));
}
