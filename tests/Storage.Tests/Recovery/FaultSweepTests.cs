using Loire.Log;
using Loire.Storage.Objects;
using Loire.Storage.Tests.Disks;
using Xunit.Abstractions;

namespace Loire.Storage.Tests.Recovery;

/// <summary>Every single operation on the disk fails once.</summary>
public class FaultSweepTests(ITestOutputHelper output)
{
    private const int Steps = 24;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Whichever_operation_fails_recovery_finds_every_acknowledged_write(int run)
    {
        var seed = Seeds.Next(output) + run;
        var operations = CountOperations(seed);
        var broken = 0;
        for (var failAt = 1; failAt <= operations; failAt++)
        {
            broken += FailAndCheck(seed, failAt, DiskFault.InputOutputError) ? 1 : 0;
        }

        output.WriteLine($"{operations} operations, {broken} failures broke the store");
        Assert.True(broken > operations / 3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Whichever_operation_finds_no_space_refused_writes_never_reappear_and_writing_continues(int run)
    {
        var seed = Seeds.Next(output) + run;
        var operations = CountOperations(seed);
        var broken = 0;
        for (var failAt = 1; failAt <= operations; failAt++)
        {
            broken += FailAndCheck(seed, failAt, DiskFault.NoSpace) ? 1 : 0;
        }

        // Only where a sync or a cut says so: then the outcome is unknown.
        output.WriteLine($"{operations} operations, {broken} failures broke the store");
        Assert.True(broken < operations);
    }

    [Fact]
    public void A_full_disk_refuses_puts_takes_deletes_and_recovers_when_space_returns()
    {
        var disk = new LossyDisk { Capacity = 40 * 1024 };
        var rig = StoreRig.Open(disk);
        var expectation = new Expectation();
        Fill(rig, expectation);
        Assert.Equal(StoreCondition.Full, rig.Store.Condition);
        expectation.CheckLive(rig, "full");

        // Deletes go on in the reserve; reclaiming then makes room.
        foreach (var key in expectation.Keys.Where(key => expectation.Sequence(key) != 0).Take(10).ToList())
        {
            var delete = rig.Delete(key, expectation.Sequence(key))!;
            expectation.Begin(key, null);
            rig.Commit();
            Assert.Null(delete.Error);
            expectation.Acknowledge(key, delete.Sequence);
        }

        rig.Reclaim();
        expectation.CheckLive(rig, "after deletes");
        disk.Capacity = 80 * 1024;
        var write = rig.Put("again", new byte[3000], 0)!;
        rig.Commit();
        Assert.Null(write.Error);
        Assert.Equal(StoreCondition.Ok, rig.Store.Condition);
        using var recovered = StoreRig.Open(disk.PowerLoss(() => true));
        expectation.CheckLive(recovered, "recovered");
    }

    [Fact]
    public void Deletes_and_reclaiming_free_space_on_a_full_disk()
    {
        var disk = new LossyDisk { Capacity = 64 * 1024 };
        var rig = StoreRig.Open(disk, StoreRig.SmallOptions(reserveBytes: 4096));
        var expectation = new Expectation();
        Fill(rig, expectation);
        foreach (var key in expectation.Keys.Where(key => expectation.Sequence(key) != 0).ToList())
        {
            var delete = rig.Delete(key, expectation.Sequence(key))!;
            rig.Commit();
            Assert.Null(delete.Error);
        }

        Assert.True(rig.ReclaimNow() > 0);
        var write = rig.Put("again", new byte[3000], 0)!;
        rig.Commit();
        Assert.Null(write.Error);
    }

    [Fact]
    public void After_a_failed_sync_the_store_is_broken_and_a_second_sync_that_succeeds_changes_nothing()
    {
        var disk = new LossyDisk();
        var rig = StoreRig.Open(disk);
        rig.Put("before", [1], 0);
        rig.Commit();
        disk.Faults = operation => operation.Kind == DiskOperationKind.Sync ? DiskFault.InputOutputError : DiskFault.None;
        var lost = rig.Put("lost", [2], 0)!;
        rig.Commit();
        disk.Faults = null;
        Assert.IsType<StorageBrokenException>(lost.Error);
        Assert.Equal(StoreCondition.Broken, rig.Store.Condition);
        Assert.Throws<StorageBrokenException>(() => rig.Put("after", [3], 0));
        Assert.Equal([1], rig.Read("before").Value);
        Assert.Null(rig.Read("lost").Value);

        // The next process sees the bytes in the page cache. Once it has shown them they must survive a power loss, though the device never
        // got them.
        disk.Kill();
        byte[]? shown;
        using (var next = StoreRig.Open(disk))
        {
            shown = next.Read("lost").Value;
        }

        using var last = StoreRig.Open(disk.PowerLoss(() => false));
        Assert.Equal(shown, last.Read("lost").Value);
        Assert.Equal([1], last.Read("before").Value);
    }

    private static void Fill(StoreRig rig, Expectation expectation)
    {
        for (var i = 0; rig.Store.Condition == StoreCondition.Ok; i++)
        {
            var key = $"fill-{i}";
            var value = new byte[1500];
            var write = rig.Put(key, value, 0)!;
            expectation.Begin(key, value);
            rig.Commit();
            if (write.Error is null)
            {
                expectation.Acknowledge(key, write.Sequence);
            }
            else
            {
                Assert.IsType<StorageFullException>(write.Error);
                expectation.Refuse(key);
            }

            _ = write.Task.Exception;
        }
    }

    private static int CountOperations(int seed)
    {
        var disk = new LossyDisk();
        var rig = StoreRig.Open(disk);
        new Workload(seed, new Expectation()).Run(rig, Steps);
        return disk.Operations;
    }

    private static bool FailAndCheck(int seed, int failAt, DiskFault fault)
    {
        var disk = new LossyDisk { Faults = operation => operation.Number == failAt ? fault : DiskFault.None };
        var expectation = new Expectation();
        var when = $"seed {seed}, {fault} at operation {failAt}";
        var isBroken = true;
        try
        {
            var rig = StoreRig.Open(disk);
            new Workload(seed, expectation).Run(rig, Steps);
            expectation.CheckLive(rig, $"{when}, still running");
            isBroken = rig.Store.Condition == StoreCondition.Broken;
        }
        catch (IOException)
        {
            // The store could not be opened: fine, if it can be afterwards.
        }

        var random = new Random(seed ^ failAt);
        CheckRecovery(disk.PowerLoss(() => false), expectation.Clone(), $"{when}, then power loss");
        CheckRecovery(disk.PowerLoss(() => random.Next(2) == 0), expectation.Clone(), $"{when}, then half a power loss");
        CheckRecovery(disk.Kill(), expectation, $"{when}, then kill");
        return isBroken;
    }

    private static void CheckRecovery(LossyDisk disk, Expectation expectation, string when)
    {
        using (var rig = StoreRig.Open(disk))
        {
            expectation.Check(rig, when);
            new Workload(when.Length, expectation).Run(rig, 5);
        }

        using (var rig = StoreRig.Open(disk.PowerLoss(() => false)))
        {
            expectation.Check(rig, $"{when}, then recovery and power loss");
        }
    }
}
