using Loire.Storage.Objects;
using Loire.Storage.Tests.Disks;

namespace Loire.Storage.Tests.Recovery;

/// <summary>A small store to be damaged, and what it may answer.</summary>
internal sealed class DamagedStore
{
    private DamagedStore(LossyDisk disk, Expectation expectation) => (Disk, Expectation) = (disk, expectation);

    public LossyDisk Disk { get; }

    public Expectation Expectation { get; }

    /// <summary>One store file with puts, replaced values and deletes.</summary>
    public static DamagedStore OneFile(bool closed)
    {
        var store = new DamagedStore(new LossyDisk(), new Expectation());
        var rig = StoreRig.Open(store.Disk);
        for (var i = 0; i < 6; i++)
        {
            store.Put(rig, $"k{i}", [.. Enumerable.Repeat((byte)(i + 1), 10 + (i * 9))]);
        }

        store.Put(rig, "k1", [1, 2, 3]);
        store.Delete(rig, "k2");
        store.Put(rig, "k3", []);
        store.Delete(rig, "k4");
        store.Put(rig, "k4", [4, 4]);
        End(rig, closed);
        return store;
    }

    /// <summary>Several store files; the objects "old-i" are in the first, "mid-i" in the middle, "new-i" in the last.</summary>
    public static DamagedStore ManyFiles(bool closed)
    {
        var store = new DamagedStore(new LossyDisk(), new Expectation());
        var rig = StoreRig.Open(store.Disk);
        foreach (var age in new[] { "old", "mid", "new" })
        {
            for (var i = 0; i < 4; i++)
            {
                store.Put(rig, $"{age}-{i}", [.. Enumerable.Repeat((byte)i, 1700)]);
            }

            store.Put(rig, $"gone-{age}", [9]);
            store.Delete(rig, $"gone-{age}");
        }

        End(rig, closed);
        return store;
    }

    /// <summary>
    /// Opens a copy of the disk after <paramref name="damage"/>, checks that no answer is wrong, and that a second opening gives the same
    /// ones.
    /// </summary>
    /// <returns>How many keys are refused.</returns>
    public int RefusedAfter(Action<LossyDisk> damage, string when, FileStoreOptions? options = null)
    {
        var disk = Disk.Clone();
        damage(disk);
        int refused;
        using (var rig = StoreRig.Open(disk, options))
        {
            refused = Expectation.CheckDamaged(rig, when);
            Assert.True(
                refused == 0 || rig.Store.Counters.DamagedObjects > 0 || rig.Store.UnknownBefore.File != 0,
                $"{when}: {refused} keys are refused, and the store does not say that anything is damaged.");
        }

        disk.Kill();
        using (var rig = StoreRig.Open(disk, options))
        {
            Assert.Equal(refused, Expectation.CheckDamaged(rig, $"{when}, opened again"));
        }

        return refused;
    }

    private static void End(StoreRig rig, bool closed)
    {
        if (closed)
        {
            rig.Close();
        }
    }

    private void Put(StoreRig rig, string key, byte[] value)
    {
        var write = rig.Put(key, value, Expectation.Sequence(key))!;
        Expectation.Begin(key, value);
        rig.Commit();
        Expectation.Acknowledge(key, write.Sequence);
    }

    private void Delete(StoreRig rig, string key)
    {
        var write = rig.Delete(key, Expectation.Sequence(key))!;
        Expectation.Begin(key, null);
        rig.Commit();
        Expectation.Acknowledge(key, write.Sequence);
    }
}
