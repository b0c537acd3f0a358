using Loire.Storage.Format;
using Loire.Storage.Tests.Disks;

namespace Loire.Storage.Tests.Recovery;

/// <summary>A checkpoint that is written while the index changes.</summary>
public class CheckpointTests
{
    [Fact]
    public void An_object_that_moves_in_the_index_while_a_checkpoint_is_written_counts_once()
    {
        var disk = new LossyDisk();
        var options = StoreRig.SmallOptions();
        options.FileBytes = 1024 * 1024;
        var rig = StoreRig.Open(disk, options);
        for (var i = 0; i < 600; i++)
        {
            rig.Put(Key(i), [(byte)i], 0);
            rig.Commit();
        }

        var moved = false;
        rig.Checkpoint(_ =>
        {
            // The second call: the first slices of the index are written, the last are not.
            if (rig.Store.Counters.Checkpoints > 0 || moved || !disk.List().Contains(FileNames.Checkpoint + FileNames.Temporary)
                || disk.Read(FileNames.Checkpoint + FileNames.Temporary).Length < 32 * 1024)
            {
                return;
            }

            moved = true;
            rig.Delete(Key(0), 1);
            rig.Commit();
            rig.Delete(Key(550), 551);
            rig.Commit();
            rig.Put(Key(0), new byte[100], 0);
            rig.Commit();
        });
        Assert.True(moved);
        disk.Kill();

        var bytes = LiveBytes(disk);
        disk.Remove(FileNames.Checkpoint);
        Assert.Equal(LiveBytes(disk), bytes);

        long LiveBytes(LossyDisk stored)
        {
            using var opened = StoreRig.Open(stored.Clone(), options);
            Assert.Equal(100, opened.Read(Key(0)).Value!.Length);
            return opened.Store.Files.Values.Sum(file => file.LiveBytes);
        }
    }

    private static string Key(int i) => $"{i:D4}-{new string('k', 120)}";
}
