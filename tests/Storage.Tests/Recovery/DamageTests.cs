using Loire.Storage.Format;
using Loire.Storage.Tests.Disks;
using Loire.TestKit;

namespace Loire.Storage.Tests.Recovery;

/// <summary>
/// Bytes change behind the store's back. It may refuse; it may never answer wrongly, nor say that there is nothing where something was.
/// </summary>
public class DamageTests
{
    private const string Store = "00000001.store";
    private const string Keys = "00000001.keys";
    private const string MiddleStore = "00000002.store";
    private const string MiddleKeys = "00000002.keys";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_flipped_bit_of_a_store_file_changes_an_answer_or_hides_more_than_one_object(bool closed)
    {
        var store = DamagedStore.OneFile(closed);
        var refusals = 0;
        foreach (var bit in Sweep.Points(0, (store.Disk.Read(Store).Length * 8) - 1, every: 5))
        {
            var refused = store.RefusedAfter(disk => Flip(disk, Store, bit), $"bit {bit}");
            Assert.True(refused <= 1, $"bit {bit} hides {refused} objects");
            refusals += refused;
        }

        Assert.True(refusals > 0, "No flipped bit was noticed.");
    }

    [Theory]
    [InlineData(Keys, true)]
    [InlineData(Keys, false)]
    [InlineData(FileNames.Checkpoint, true)]
    public void No_flipped_bit_of_a_derived_file_matters(string name, bool closed)
    {
        var store = DamagedStore.OneFile(closed);
        foreach (var bit in Sweep.Points(0, (store.Disk.Read(name).Length * 8) - 1, every: 5))
        {
            Assert.Equal(0, store.RefusedAfter(disk => Flip(disk, name, bit), $"bit {bit} of {name}"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_store_file_truncated_at_any_byte_hides_only_the_missing_objects(bool closed)
    {
        var store = DamagedStore.OneFile(closed);
        var bytes = store.Disk.Read(Store);
        var end = DamagedStore.OneFile(closed: true).Disk.Read(Store).Length;
        var last = int.MaxValue;
        for (var length = 0; length <= bytes.Length; length++)
        {
            var refused = store.RefusedAfter(disk => disk.Put(Store, bytes[..length]), $"cut at {length}");
            Assert.True(refused <= last, $"cut at {length} hides {refused}, one byte less hid {last}");
            last = refused;
            Assert.True(length >= end - RecordHead.Alignment || refused > 0, $"cut at {length} of {end} hides nothing");
            Assert.True(length < end || refused == 0, $"cut at {length} of {end} hides {refused}");
        }
    }

    [Theory]
    [InlineData(Keys, false)]
    [InlineData(FileNames.Checkpoint, true)]
    public void A_derived_file_truncated_at_any_byte_or_missing_does_not_matter(string name, bool closed)
    {
        var store = DamagedStore.OneFile(closed);
        var bytes = store.Disk.Read(name);
        foreach (var length in Sweep.Points(0, bytes.Length - 1, every: 3))
        {
            Assert.Equal(0, store.RefusedAfter(disk => disk.Put(name, bytes[..length]), $"{name} cut at {length}"));
        }

        Assert.Equal(0, store.RefusedAfter(disk => disk.Remove(name), $"{name} removed"));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    public void Zeros_over_any_range_hide_only_the_objects_in_it(bool closed, int fill)
    {
        var store = DamagedStore.OneFile(closed);
        var length = DamagedStore.OneFile(closed: true).Disk.Read(Store).Length;
        for (var from = 0; from < length; from += 24)
        {
            for (var count = 16; from + count <= length; count *= 3)
            {
                var refused = store.RefusedAfter(
                    disk =>
                    {
                        var bytes = disk.Read(Store);
                        bytes.AsSpan(from, count).Fill((byte)(fill * 0xA5));
                        disk.Put(Store, bytes);
                    },
                    $"{count} bytes from {from}");
                Assert.True(refused <= (count / RecordHead.Size) + 1, $"{count} bytes from {from} hide {refused} objects");
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_missing_store_file_hides_only_its_objects(bool closed)
    {
        var store = DamagedStore.ManyFiles(closed);
        Assert.Contains("00000003.store", store.Disk.List());
        var refused = store.RefusedAfter(disk => disk.Remove(MiddleStore), "the middle file removed");
        Assert.InRange(refused, 3, 6);
        store.RefusedAfter(disk => disk.Remove(Store), "the first file removed");
        store.RefusedAfter(disk => disk.Remove("00000003.store"), "the last file removed");
    }

    [Fact]
    public void After_losses_of_unknown_keys_all_objects_that_may_be_affected_are_refused_until_they_are_accepted()
    {
        var store = DamagedStore.ManyFiles(closed: false);
        Action<LossyDisk> damage = disk =>
        {
            disk.Remove(MiddleStore);
            disk.Remove(MiddleKeys);
        };
        var refused = store.RefusedAfter(damage, "the middle file and its keys removed");

        // Refused: what was in the middle, what is older, and what was deleted. Served: what has a record after the loss.
        Assert.InRange(refused, 10, 14);
        var disk = store.Disk.Clone();
        damage(disk);
        var options = StoreRig.SmallOptions();
        options.AcceptUnknownLosses = true;
        using var rig = StoreRig.Open(disk, options);
        Assert.NotNull(rig.Read("old-0").Value);
        Assert.NotNull(rig.Read("new-3").Value);
        Assert.Null(rig.Read("mid-2").Value);
    }

    [Fact]
    public void A_damaged_object_can_be_replaced_and_deleted_with_its_ETag()
    {
        var store = DamagedStore.OneFile(closed: false);
        var disk = store.Disk.Clone();
        using (var rig = StoreRig.Open(disk))
        {
            rig.Store.Index.TryGet(StoreRig.Key("k5"), out var entry);
            var bytes = disk.Read(Store);
            bytes[(int)entry.ValuePosition(StoreRig.Key("k5").Length)] ^= 1;
            disk.Put(Store, bytes);
        }

        using var damaged = StoreRig.Open(disk);
        Assert.Throws<Loire.Log.StorageDamagedException>(() => damaged.Read("k5"));
        Assert.Equal(1, damaged.Store.Counters.DamagedObjects);
        Assert.NotNull(damaged.Put("k5", [7], store.Expectation.Sequence("k5")));
        damaged.Commit();
        Assert.Equal([7], damaged.Read("k5").Value);
        Assert.Equal(0, damaged.Store.Counters.DamagedObjects);
    }

    [Fact]
    public void A_file_of_another_store_is_rejected()
    {
        var store = DamagedStore.ManyFiles(closed: false);
        store.Disk.Put(MiddleStore, DamagedStore.ManyFiles(closed: false).Disk.Read(MiddleStore));
        var error = Assert.Throws<InvalidDataException>(() => StoreRig.Open(store.Disk));
        Assert.Contains(MiddleStore, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_old_record_in_a_value_is_never_taken_for_a_record()
    {
        // A value that holds the image of the store file itself, and a damaged record before it, so that the scan walks through the value.
        var disk = new LossyDisk();
        var rig = StoreRig.Open(disk);
        rig.Put("victim", [1], 0);
        rig.Commit();
        var image = disk.Read(Store);
        rig.Put("victim", [2], 1);
        rig.Commit();
        rig.Put("image", image, 0);
        rig.Commit();
        rig.Store.Index.TryGet(StoreRig.Key("image"), out var entry);
        var bytes = disk.Read(Store);
        bytes[(int)entry.Position] ^= 1;
        disk.Put(Store, bytes);
        disk.Remove(Keys);
        disk.Kill();
        using var damaged = StoreRig.Open(disk);
        try
        {
            Assert.Equal([2], damaged.Read("victim").Value);
        }
        catch (Loire.Log.StorageDamagedException)
        {
        }
    }

    private static void Flip(LossyDisk disk, string name, int bit)
    {
        var bytes = disk.Read(name);
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        disk.Put(name, bytes);
    }
}
