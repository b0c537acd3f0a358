using Loire.Storage.Format;
using Loire.Storage.Tests.Disks;

namespace Loire.Storage.Tests.Recovery;

/// <summary>How a file goes whose live records were moved.</summary>
public sealed class ReclaimedFileTests
{
    [Fact]
    public void A_reclaimed_file_leaves_the_store_at_once_and_its_space_step_by_step()
    {
        var disk = new LossyDisk();
        using var rig = Fill(disk);
        var steps = new List<(DiskOperationKind Kind, string Name)>();
        disk.Faults = operation =>
        {
            steps.Add((operation.Kind, operation.Name));
            return DiskFault.None;
        };
        Assert.Equal(1, rig.ReclaimNow());
        var gone = FileNames.Store(1) + FileNames.Temporary;
        var detached = steps.IndexOf((DiskOperationKind.Rename, FileNames.Store(1)));
        var released = steps.FindIndex(detached, step => step.Name == gone);
        Assert.Contains((DiskOperationKind.SyncDirectory, ""), steps[detached..released]);
        Assert.NotEmpty(steps[released..^1]);
        Assert.All(steps[released..^1], step => Assert.Equal((DiskOperationKind.Truncate, gone), step));
        Assert.Equal((DiskOperationKind.Delete, gone), steps[^1]);
    }

    [Fact]
    public void What_is_left_of_a_file_when_the_process_ends_while_its_space_is_released_goes_with_the_next_start()
    {
        var disk = new LossyDisk();
        var rig = Fill(disk);
        disk.Faults = operation => operation.Kind == DiskOperationKind.Delete && FileNames.IsTemporary(operation.Name) ? DiskFault.Crash : DiskFault.None;
        Assert.Throws<SimulatedCrashException>(() => rig.ReclaimNow());
        var left = disk.Kill();
        Assert.Contains(left.List(), FileNames.IsTemporary);
        using var recovered = StoreRig.Open(left);
        Assert.DoesNotContain(left.List(), FileNames.IsTemporary);
        Assert.Equal(100, recovered.Read("live").Value!.Length);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(0.1, true)]
    [InlineData(0.3, false)]
    public void A_file_of_which_some_is_in_use_waits_while_the_device_has_room_and_the_store_is_well_used(double? free, bool isReclaimed)
    {
        var disk = new LossyDisk { FreeShare = free };
        using var rig = Fill(disk, liveBytes: 1_000);
        Assert.Equal(isReclaimed ? 1 : 0, rig.ReclaimNow());
        Assert.Equal(1_000, rig.Read("live").Value!.Length);
    }

    [Fact]
    public void Files_are_reclaimed_in_spite_of_room_once_too_little_of_the_whole_store_is_in_use()
    {
        var disk = new LossyDisk { FreeShare = 0.9 };
        using var rig = Fill(disk, liveBytes: 1_000);
        for (var i = 0; i < 3; i++)
        {
            rig.Delete($"kept-{i}", rig.Read($"kept-{i}").Sequence);
            rig.Commit();
        }

        Assert.True(rig.ReclaimNow() > 0);
        Assert.Equal(1_000, rig.Read("live").Value!.Length);
    }

    [Fact]
    public void Files_are_reclaimed_once_a_write_was_refused_though_the_device_seems_to_have_room()
    {
        var disk = new LossyDisk { FreeShare = 0.9 };
        using var rig = Fill(disk, liveBytes: 1_000);
        rig.Store.SetFull("The quota is exhausted.");
        Assert.Equal(1, rig.ReclaimNow());
    }

    [Fact]
    public void A_file_that_is_empty_is_reclaimed_in_spite_of_room()
    {
        var disk = new LossyDisk { FreeShare = 0.9 };
        using var rig = Fill(disk);
        Assert.Equal(1, rig.ReclaimNow());
    }

    /// <summary>A store whose first file has one small live record; the rest is of use.</summary>
    private static StoreRig Fill(LossyDisk disk, int liveBytes = 100)
    {
        var rig = StoreRig.Open(disk);
        rig.Put("live", new byte[liveBytes], 0);
        for (ulong version = 0, i = 0; i < 4; i++)
        {
            var write = rig.Put("replaced", new byte[1_800], version)!;
            rig.Commit();
            version = write.Sequence;
        }

        for (var i = 0; i < 3; i++)
        {
            rig.Put($"kept-{i}", new byte[1_800], 0);
            rig.Commit();
        }

        return rig;
    }
}
