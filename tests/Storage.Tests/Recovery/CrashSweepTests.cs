using Loire.Storage.Tests.Disks;
using Loire.TestKit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Loire.Storage.Tests.Recovery;

/// <summary>The process or the power ends at every single operation of a run on the disk, and once more in recovery.</summary>
public class CrashSweepTests(ITestOutputHelper output)
{
    private const int Steps = 24;
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void After_a_crash_in_any_operation_acknowledged_writes_survive_and_no_write_is_partial(int run)
    {
        var seed = Seeds.Next(output) + run;
        var operations = CountOperations(seed);
        foreach (var crashAt in Sweep.Points(1, operations, every: 3))
        {
            CrashAndCheck(seed, crashAt, syncsLie: false);
        }

        output.WriteLine($"{operations} points to crash at");
    }

    [Fact]
    public void With_a_sync_interval_only_writes_since_the_last_sync_are_lost_and_nothing_is_taken_for_damage()
    {
        var seed = Seeds.Next(output);
        var operations = CountOperations(seed, _interval);
        foreach (var crashAt in Sweep.Points(1, operations, every: 3))
        {
            CrashAndCheck(seed, crashAt, syncsLie: false, _interval);
        }

        output.WriteLine($"{operations} points to crash at");
    }

    [Fact]
    public void A_disk_whose_syncs_lie_is_detected()
    {
        var seed = Seeds.Next(output);
        var operations = CountOperations(seed);
        var failures = 0;
        for (var crashAt = 1; crashAt <= operations; crashAt += 7)
        {
            try
            {
                CrashAndCheck(seed, crashAt, syncsLie: true);
            }
            catch (Exception e) when (e is XunitException or Loire.Log.StorageDamagedException or InvalidDataException)
            {
                failures++;
            }
        }

        Assert.True(failures > 0);
    }

    private static int CountOperations(int seed, TimeSpan? interval = null)
    {
        var disk = new LossyDisk();
        Run(disk, seed, new Expectation(interval is not null), interval);
        return disk.Operations;
    }

    private static void Run(LossyDisk disk, int seed, Expectation expectation, TimeSpan? interval)
    {
        var workload = new Workload(seed, expectation);
        var rig = StoreRig.Open(disk, StoreRig.SmallOptions(interval));
        workload.Run(rig, Steps);
        rig.Close();
        expectation.Sync();

        // Once more, from what an orderly end leaves.
        rig = StoreRig.Open(disk, StoreRig.SmallOptions(interval));
        workload.Run(rig, Steps / 2);
        rig.Dispose();
    }

    private static void CrashAndCheck(int seed, int crashAt, bool syncsLie, TimeSpan? interval = null)
    {
        var disk = new LossyDisk { Faults = operation => operation.Number == crashAt ? DiskFault.Crash : DiskFault.None, SyncsLie = syncsLie };
        var expectation = new Expectation(interval is not null);
        try
        {
            Run(disk, seed, expectation, interval);
        }
        catch (SimulatedCrashException)
        {
        }

        var random = new Random(seed ^ crashAt);
        foreach (var (name, keep) in new (string, Func<bool>)[]
        {
            ("nothing unsynced is left", () => false),
            ("everything unsynced is left", () => true),
            ("half of it is left", () => random.Next(2) == 0),
            ("most of it is left", () => random.Next(8) != 0),
        })
        {
            CheckRecovery(disk.PowerLoss(keep), expectation.Clone(), random, $"seed {seed}, power loss at operation {crashAt}, {name}");
        }

        CheckRecovery(disk.Kill(), expectation, random, $"seed {seed}, kill at operation {crashAt}");
    }

    private static void CheckRecovery(LossyDisk disk, Expectation expectation, Random random, string when)
    {
        // Recovery itself crashes somewhere, twice, before it comes through.
        for (var i = 0; i < 2; i++)
        {
            var crashAt = random.Next(1, 12);
            disk.Faults = operation => operation.Number == crashAt ? DiskFault.Crash : DiskFault.None;
            try
            {
                using var rig = StoreRig.Open(disk);
                expectation.Check(rig, $"{when}, then recovery");
            }
            catch (SimulatedCrashException)
            {
                when += $", crash of recovery at {crashAt}";
            }

            RemoveDerivedFiles(disk, random);
            disk = random.Next(2) == 0 ? disk.PowerLoss(() => random.Next(2) == 0) : disk.Kill();
        }

        using (var rig = StoreRig.Open(disk))
        {
            expectation.Check(rig, when);
            new Workload(random.Next(), expectation).Run(rig, 6);
        }

        expectation.Sync();

        // What recovery has shown, and what was written after it, survives the next power loss.
        using (var rig = StoreRig.Open(disk.PowerLoss(() => random.Next(2) == 0)))
        {
            expectation.Check(rig, $"{when}, then recovery, writes and a power loss");
        }
    }

    // Without the checkpoint, or the second copy of the keys, recovery gives the same answers.
    private static void RemoveDerivedFiles(LossyDisk disk, Random random)
    {
        var (removesCheckpoint, removesKeys) = (random.Next(3) == 0, random.Next(3) == 0);
        foreach (var name in disk.List())
        {
            if ((removesCheckpoint && name.EndsWith(".checkpoint", StringComparison.Ordinal)) || (removesKeys && name.EndsWith(".keys", StringComparison.Ordinal)))
            {
                disk.Remove(name);
            }
        }
    }
}
