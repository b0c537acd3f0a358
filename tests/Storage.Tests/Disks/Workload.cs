using Loire.Log;
using Loire.Storage.Objects;

namespace Loire.Storage.Tests.Disks;

/// <summary>
/// A run of puts, deletes, checkpoints and reclaiming that depends on its seed alone, and keeps an <see cref="Expectation"/>.
/// </summary>
internal sealed class Workload(int seed, Expectation expectation)
{
    private const int Keys = 12;
    private readonly Random _random = new(seed);

    /// <summary>Runs some steps; a crash of the disk comes out as <see cref="SimulatedCrashException"/>.</summary>
    public void Run(StoreRig rig, int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            var kind = _random.Next(20);
            if (kind == 0)
            {
                rig.Checkpoint();
            }
            else if (kind == 1)
            {
                rig.Reclaim();
            }
            else if (kind == 2)
            {
                rig.Sync();
                if (rig.Store.BrokenBy is null)
                {
                    expectation.Sync();
                }
            }
            else
            {
                WriteSome(rig);
            }
        }
    }

    private void WriteSome(StoreRig rig)
    {
        List<(string Key, PendingWrite Write)> writes = [];
        var count = _random.Next(1, 5);
        for (var i = 0; i < count; i++)
        {
            var key = $"key-{_random.Next(Keys)}";
            var isDelete = _random.Next(4) == 0;
            var value = isDelete ? null : NewValue();
            if (expectation.IsUnderWay(key))
            {
                continue;
            }

            try
            {
                var expected = expectation.Sequence(key);
                var write = value is null ? rig.Delete(key, expected) : rig.Put(key, value, expected);
                if (write is not null)
                {
                    expectation.Begin(key, value);
                    writes.Add((key, write));
                }
            }
            catch (StorageBrokenException)
            {
                return;
            }
        }

        rig.Commit();
        foreach (var (key, write) in writes)
        {
            switch (write.Error)
            {
                case null:
                    expectation.Acknowledge(key, write.Sequence);
                    break;
                case StorageFullException:
                    expectation.Refuse(key);
                    break;
            }

            _ = write.Task.Exception;
        }
    }

    private byte[] NewValue()
    {
        // Mostly small, some that span sectors, a few larger than a store file.
        var length = _random.Next(10) switch { 0 => 0, < 6 => _random.Next(1, 200), < 9 => _random.Next(500, 3000), _ => 10_000 };
        var value = new byte[length];
        _random.NextBytes(value);
        return value;
    }
}
