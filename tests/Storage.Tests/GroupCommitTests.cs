using Loire.Log;
using Loire.Storage.Objects;
using Loire.Storage.Tests.Disks;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;

namespace Loire.Storage.Tests;

/// <summary>The store with its threads, on a disk whose syncs the test holds up.</summary>
public sealed class GroupCommitTests : IAsyncLifetime
{
    private readonly LossyDisk _disk = new();
    private readonly ManualTime _time = new();
    private readonly SemaphoreSlim _syncBegun = new(0);
    private readonly SemaphoreSlim _syncMayEnd = new(0);
    private volatile bool _holdsSyncs;
    private FileGrainStorage _store = null!;

    public Task InitializeAsync()
    {
        _store = Open();
        _disk.Faults = operation =>
        {
            if (_holdsSyncs && operation.Kind == DiskOperationKind.Sync)
            {
                _syncBegun.Release();
                _syncMayEnd.Wait();
            }

            return DiskFault.None;
        };
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        ReleaseSyncs();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task Writes_that_arrive_during_a_sync_share_the_next_one()
    {
        await HoldSyncOfAsync("first", [0]);
        var others = Enumerable.Range(0, 50).Select(i => Write($"other-{i}", [1])).ToList();
        var before = _store.Statistics;
        ReleaseSyncs();
        await Task.WhenAll(others);
        var after = _store.Statistics;
        Assert.Equal(before.Groups + 2, after.Groups);
        Assert.Equal(before.Syncs + 2, after.Syncs);
    }

    [Fact]
    public async Task Nothing_is_acknowledged_or_visible_before_its_sync_has_completed()
    {
        var state = new GrainState<StoredObject> { State = Object([1]) };
        await _store.WriteStateAsync("s", Id("key"), state);
        var created = await HoldSyncOfAsync("new", [3]);
        state.State = Object([2]);
        var replaced = _store.WriteStateAsync("s", Id("key"), state);
        Assert.False(created.IsCompleted || replaced.IsCompleted);
        Assert.False((await Read("new")).RecordExists);
        Assert.Equal([1], (await Read("key")).State!.Pieces[0].ToArray());
        ReleaseSyncs();
        await Task.WhenAll(created, replaced);
        Assert.Equal([3], (await Read("new")).State!.Pieces[0].ToArray());
        Assert.Equal([2], (await Read("key")).State!.Pieces[0].ToArray());
    }

    [Fact]
    public async Task A_second_create_of_a_key_fails_only_once_the_first_is_durable()
    {
        var winner = await HoldSyncOfAsync("key", [1]);
        var loser = Write("key", [2]);
        Assert.False(loser.IsCompleted);
        ReleaseSyncs();
        await winner;
        await Assert.ThrowsAsync<InconsistentStateException>(() => loser);
        Assert.Equal([1], (await Read("key")).State!.Pieces[0].ToArray());
    }

    [Fact]
    public async Task A_second_create_of_a_key_succeeds_if_the_first_was_refused()
    {
        await HoldSyncOfAsync("other", [0]);
        var first = Write("key", new byte[60_000]);
        var second = Write("key", [2]);
        _disk.Capacity = _disk.Used + 30_000;
        ReleaseSyncs();
        await Assert.ThrowsAsync<StorageFullException>(() => first);
        await second;
        Assert.Equal([2], (await Read("key")).State!.Pieces[0].ToArray());
    }

    [Fact]
    public async Task Writes_beyond_the_bound_on_pending_bytes_wait_in_order_for_room()
    {
        await HoldSyncOfAsync("other", [0]);
        var writes = Enumerable.Range(0, 20).Select(i => Write($"key-{i}", new byte[20_000])).ToList();
        Assert.True(_store.Statistics.PendingBytes <= 100_000);
        ReleaseSyncs();
        await Task.WhenAll(writes);
        Assert.Equal(0, _store.Statistics.PendingBytes);
        Assert.Equal(21, _store.Statistics.Objects);
    }

    [Fact]
    public async Task A_write_that_finds_no_room_in_time_is_refused_and_the_store_goes_on()
    {
        await HoldSyncOfAsync("other", [0]);
        var writes = Enumerable.Range(0, 8).Select(i => Write($"key-{i}", new byte[20_000])).ToList();
        _time.Advance(TimeSpan.FromSeconds(10));
        var refused = writes[^1];
        var problem = await Assert.ThrowsAsync<StorageOverloadedException>(() => refused);
        Assert.Contains("pending after 10 s", problem.Message, StringComparison.Ordinal);
        ReleaseSyncs();
        await Assert.ThrowsAsync<StorageOverloadedException>(() => Task.WhenAll(writes));
        for (var i = 0; i < writes.Count; i++)
        {
            Assert.Equal(writes[i].IsCompletedSuccessfully, (await Read($"key-{i}")).RecordExists);
        }

        await Write("after", [1]);
        Assert.Equal(StoreCondition.Ok, _store.Health.Condition);
        Assert.Equal(0, _store.Statistics.PendingBytes);
    }

    [Fact]
    public async Task An_object_larger_than_the_bound_is_written_alone()
    {
        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Write($"key-{i}", new byte[300_000])));
        Assert.Equal(300_000, (await Read("key-4")).State!.Length);
    }

    [Fact]
    public async Task After_a_failed_sync_pending_and_later_writes_fail_and_reads_continue()
    {
        await Write("before", [1]);
        _disk.Faults = operation => operation.Kind == DiskOperationKind.Sync ? DiskFault.InputOutputError : DiskFault.None;
        var writes = Enumerable.Range(0, 10).Select(i => Write($"key-{i}", [2])).ToList();
        foreach (var write in writes)
        {
            await Assert.ThrowsAsync<StorageBrokenException>(() => write);
        }

        _disk.Faults = null;
        await Assert.ThrowsAsync<StorageBrokenException>(() => Write("after", [3]));
        Assert.Equal(StoreCondition.Broken, _store.Health.Condition);
        Assert.NotNull(_store.Health.Reason);
        Assert.Equal([1], (await Read("before")).State!.Pieces[0].ToArray());
    }

    [Fact]
    public async Task Closing_completes_queued_writes_and_rejects_later_ones()
    {
        var first = await HoldSyncOfAsync("first", [0]);
        var queued = Write("queued", [1]);
        var closing = _store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Write("late", [2]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Read("first"));
        ReleaseSyncs();
        await Task.WhenAll(first, queued, closing.AsTask());
        _disk.Kill();
        _store = Open();
        Assert.Equal([1], (await Read("queued")).State!.Pieces[0].ToArray());
        Assert.Contains("index.checkpoint", _disk.List());
    }

    [Fact]
    public async Task With_a_sync_interval_writes_are_acknowledged_before_the_sync_and_durable_after_it()
    {
        await using var store = FileGrainStorage.Open(_disk.Clone(), Options(TimeSpan.FromSeconds(5)), _time, NullLogger.Instance);
        var before = store.Statistics.Syncs;
        for (var i = 0; i < 10; i++)
        {
            await store.WriteStateAsync("s", Id($"key-{i}"), new GrainState<StoredObject> { State = Object([1]) });
        }

        Assert.Equal(before, store.Statistics.Syncs);
        _time.Advance(TimeSpan.FromSeconds(5));
        await store.SyncAsync();
        Assert.InRange(store.Statistics.Syncs, before + 1, before + 2);
    }

    private static FileStoreOptions Options(TimeSpan? syncInterval = null)
        => new() { Directory = "memory", PendingBytes = 100_000, FileBytes = 1024 * 1024, AllocationStep = 4096, ReserveBytes = 4096, SyncInterval = syncInterval };

    private static StoredObject Object(byte[] bytes) => new() { Pieces = [bytes] };

    private static GrainId Id(string key) => GrainId.Create("t", key);

    private FileGrainStorage Open() => FileGrainStorage.Open(_disk, Options(), _time, NullLogger.Instance);

    private Task Write(string key, byte[] bytes)
        => _store.WriteStateAsync("s", Id(key), new GrainState<StoredObject> { State = Object(bytes) });

    private async Task<GrainState<StoredObject>> Read(string key)
    {
        var state = new GrainState<StoredObject>();
        await _store.ReadStateAsync("s", Id(key), state);
        return state;
    }

    /// <summary>Begins a write and returns it once the writer is held up in its sync.</summary>
    private async Task<Task> HoldSyncOfAsync(string key, byte[] bytes)
    {
        _holdsSyncs = true;
        var write = Write(key, bytes);
        await _syncBegun.WaitAsync();
        return write;
    }

    private void ReleaseSyncs()
    {
        _holdsSyncs = false;
        _syncMayEnd.Release();
    }
}
