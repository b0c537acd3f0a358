using System.Text;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Storage.Objects;
using Loire.Storage.Repair;
using Loire.Storage.Tests.Disks;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Storage.Tests.Recovery;

/// <summary>An operator repairs a store that no node has open.</summary>
public sealed class StoreRepairTests
{
    private const string Store = "00000001.store";

    [Fact]
    public async Task A_sound_store_has_no_findings()
    {
        await using var repair = await FileStoreRepair.InspectAsync(Open(await FilledAsync()));
        Assert.Equal((5, 0), (repair.Objects, repair.Findings.Count));
    }

    [Fact]
    public async Task An_object_with_one_flipped_bit_is_restored_and_nothing_is_given_up()
    {
        var sound = await FilledAsync();
        var bytes = sound.Read(Store);
        var at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes("chunk zero"));
        foreach (var bit in Sweep.Points(at * 8, ((at + 10) * 8) - 1, every: 5))
        {
            var disk = sound.Clone();
            var changed = (byte[])bytes.Clone();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            disk.Put(Store, changed);
            await using (var repair = await FileStoreRepair.InspectAsync(Open(disk)))
            {
                Assert.Equal(
                    [new StoreFinding(RepairAction.Restore, "state|test/log/a/chunk/0000000000000000", 0, 0)], repair.Findings);
                await repair.ApplyAsync();
            }

            await using var store = Open(disk);
            Assert.Equal("chunk zero", Encoding.ASCII.GetString((await store.ReadAsync("log/a/chunk/0000000000000000"))!));
            Assert.Equal(0, store.Health.DamagedObjects);
        }
    }

    [Fact]
    public async Task A_log_whose_head_is_beyond_repair_is_removed_and_no_other_log()
    {
        const string OfIncarnation = "log/a/00112233445566778899aabbccddeeff/chunk/0000000000000001";
        var disk = await FilledAsync();
        await using (var filling = Open(disk))
        {
            await filling.WriteAsync(OfIncarnation, new byte[10]);
        }

        Overwrite(disk, "head of a");
        await using (var repair = await FileStoreRepair.InspectAsync(Open(disk)))
        {
            Assert.Equal([new StoreFinding(RepairAction.RemoveLog, "state|test/log/a/head", 4, 38)], repair.Findings);
            await repair.ApplyAsync();
        }

        await using var store = Open(disk);
        Assert.Null(await store.ReadAsync("log/a/head"));
        Assert.Null(await store.ReadAsync("log/a/chunk/0000000000000000"));
        Assert.Null(await store.ReadAsync(OfIncarnation));
        Assert.Equal("head of a/b", Encoding.ASCII.GetString((await store.ReadAsync("log/a/b/head"))!));
        Assert.NotNull(await store.ReadAsync("log/a/b/chunk/0000000000000000"));
        Assert.Equal(2, store.Statistics.Objects);
    }

    [Fact]
    public async Task Another_object_beyond_repair_stays_as_it_is()
    {
        var disk = await FilledAsync();
        Overwrite(disk, "chunk zero");
        await using (var repair = await FileStoreRepair.InspectAsync(Open(disk)))
        {
            Assert.Equal(
                [new StoreFinding(RepairAction.Leave, "state|test/log/a/chunk/0000000000000000", 1, 10)], repair.Findings);
            await repair.ApplyAsync();
        }

        await using var store = Open(disk);
        await Assert.ThrowsAsync<StorageDamagedException>(() => store.ReadAsync("log/a/chunk/0000000000000000"));
        Assert.Equal(5, store.Statistics.Objects);
    }

    [Fact]
    public async Task The_counter_of_producer_ids_beyond_repair_is_left_to_the_cluster_which_replaces_it()
    {
        var (disk, counter) = (new LossyDisk(), GrainId.Create("root", "producer-ids"));
        await using (var store = Open(disk))
        {
            await store.WriteStateAsync("loire", counter, new GrainState<StoredObject>(new StoredObject { Pieces = ["the counter"u8.ToArray()] }));
        }

        Overwrite(disk, "the counter");
        await using (var repair = await FileStoreRepair.InspectAsync(Open(disk)))
        {
            Assert.Equal([new StoreFinding(RepairAction.Renewed, "loire|root/producer-ids", 0, 0)], repair.Findings);
            await repair.ApplyAsync();
        }

        // As a node does that finds it damaged.
        await using var used = Open(disk);
        var found = new GrainState<StoredObject>(new StoredObject());
        await Assert.ThrowsAsync<StorageDamagedException>(() => used.ReadStateAsync("loire", counter, found));
        found.State = new StoredObject { Pieces = ["a new counter"u8.ToArray()] };
        await used.WriteStateAsync("loire", counter, found);
        await used.ReadStateAsync("loire", counter, found);
    }

    [Fact]
    public async Task Losses_of_unknown_keys_are_accepted_for_good()
    {
        var disk = await FilledAsync();
        disk.Remove("index.checkpoint");
        disk.Remove("00000001.keys");
        var bytes = disk.Read(Store);
        var head = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes("state\0test/log/a/chunk/0000000000000000"));
        bytes.AsSpan(head - 16, 16).Clear();
        disk.Put(Store, bytes);
        await using (var store = Open(disk))
        {
            await Assert.ThrowsAsync<StorageDamagedException>(() => store.WriteAsync("new", [1]));
        }

        await using (var repair = await FileStoreRepair.InspectAsync(Open(disk)))
        {
            Assert.Contains(repair.Findings, finding => finding.Action == RepairAction.AcceptLosses);
            await repair.ApplyAsync();
        }

        await using var repaired = Open(disk);
        Assert.False(repaired.Health.HasUnknownLosses);
        await repaired.WriteAsync("new", [1]);
        Assert.Null(await repaired.ReadAsync("log/a/chunk/0000000000000000"));
    }

    private static void Overwrite(LossyDisk disk, string text)
    {
        var bytes = disk.Read(Store);
        var at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text));
        bytes.AsSpan(at, 6).Fill(0xA5);
        disk.Put(Store, bytes);
    }

    private static async Task<LossyDisk> FilledAsync()
    {
        var disk = new LossyDisk();
        await using var store = Open(disk);
        foreach (var (key, value) in new[]
        {
            ("log/a/chunk/0000000000000000", "chunk zero"), ("log/a/part/000000000001-0000", "part zero"), ("log/a/head", "head of a"),
            ("log/a/b/chunk/0000000000000000", "another chunk"), ("log/a/b/head", "head of a/b"),
        })
        {
            await store.WriteAsync(key, Encoding.ASCII.GetBytes(value));
        }

        return disk;
    }

    private static FileGrainStorage Open(LossyDisk disk) => FileGrainStorage.Open(
        disk, new FileStoreOptions { Directory = "memory", AllocationStep = 4096, ReserveBytes = 4096 }, new ManualTime(), NullLogger.Instance);
}
