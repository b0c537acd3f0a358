using Loire.Storage.Disk;

namespace Loire.Storage.Tests.Disks;

/// <summary>
/// A directory in memory that forgets what was not synced. After <see cref="PowerLoss"/>, of each unsynced write any subset of its 512-byte
/// sectors is there, and any subset of the unsynced creations, renames and deletions. A sync that fails drops what it should have written:
/// the bytes can still be read, a second sync succeeds, and they are gone after a power loss, as on Linux. A store must survive all of
/// this; a sync that succeeds is never a lie unless <see cref="SyncsLie"/>.
/// </summary>
internal sealed class LossyDisk : IStoreDirectory
{
    private readonly Dictionary<string, Inode> _names = [];
    private readonly Dictionary<string, Inode> _durableNames = [];
    private readonly List<Action<Dictionary<string, Inode>>> _unsyncedNames = [];
    private int _generation;

    /// <summary>Decides what happens to each operation that changes something.</summary>
    public Func<DiskOperation, DiskFault>? Faults { get; set; }

    /// <summary>Operations so far that changed something.</summary>
    public int Operations { get; private set; }

    /// <summary>Bytes that fit on the device.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>The share of the device that is said to be free.</summary>
    public double? FreeShare { get; set; }

    /// <summary>A planted fault to see that the checks find it: syncs do nothing.</summary>
    public bool SyncsLie { get; set; }

    /// <summary>Bytes in use.</summary>
    public long Used
    {
        get
        {
            lock (_names)
            {
                return _names.Values.Sum(inode => Math.Max(inode.View.Length, inode.Allocated));
            }
        }
    }

    public IReadOnlyList<string> List()
    {
        lock (_names)
        {
            return [.. _names.Keys];
        }
    }

    public IStoreFile Open(string name)
    {
        lock (_names)
        {
            return new LossyFile(this, _generation, name, _names[name]);
        }
    }

    public IStoreFile Create(string name)
    {
        Begin(DiskOperationKind.Create, name);
        lock (_names)
        {
            var inode = new Inode();
            if (!_names.TryAdd(name, inode))
            {
                throw new DiskException($"{name} exists.");
            }

            _unsyncedNames.Add(names => names.TryAdd(name, inode));
            return new LossyFile(this, _generation, name, inode);
        }
    }

    public void Rename(string from, string to)
    {
        Begin(DiskOperationKind.Rename, from);
        lock (_names)
        {
            Move(_names);
            _unsyncedNames.Add(Move);
        }

        void Move(Dictionary<string, Inode> names)
        {
            if (names.Remove(from, out var inode))
            {
                names[to] = inode;
            }
        }
    }

    public void Delete(string name)
    {
        Begin(DiskOperationKind.Delete, name);
        lock (_names)
        {
            _names.Remove(name);
            _unsyncedNames.Add(names => names.Remove(name));
        }
    }

    public void Sync()
    {
        Begin(DiskOperationKind.SyncDirectory, "");
        if (SyncsLie)
        {
            return;
        }

        lock (_names)
        {
            _unsyncedNames.Clear();
            _durableNames.Clear();
            foreach (var (name, inode) in _names)
            {
                _durableNames.Add(name, inode);
            }
        }
    }

    public void Dispose()
    {
    }

    /// <summary>The process is gone, the operating system and its cache are not. Files that were open are closed.</summary>
    public LossyDisk Kill()
    {
        _generation++;
        Faults = null;
        Operations = 0;
        return this;
    }

    /// <summary>What a device may hold after the power has failed, as a new directory where everything is durable.</summary>
    /// <param name="keep">Decides for each unsynced sector and each unsynced change of a name whether it made it.</param>
    public LossyDisk PowerLoss(Func<bool> keep)
    {
        var names = new Dictionary<string, Inode>(_durableNames);
        foreach (var change in _unsyncedNames)
        {
            if (keep())
            {
                change(names);
            }
        }

        var after = new LossyDisk { Capacity = Capacity };
        foreach (var (name, inode) in names)
        {
            after.Put(name, inode.Survivor(keep));
        }

        return after;
    }

    /// <summary>A copy of what can be read now, all of it durable.</summary>
    public LossyDisk Clone()
    {
        var copy = new LossyDisk { Capacity = Capacity };
        foreach (var (name, inode) in _names)
        {
            copy.Put(name, inode.View.ToArray());
        }

        return copy;
    }

    /// <summary>The bytes of a file.</summary>
    public byte[] Read(string name) => _names[name].View.ToArray();

    /// <summary>Replaces a file, or adds it, behind the back of everybody.</summary>
    public void Put(string name, byte[] bytes)
    {
        var inode = new Inode(bytes);
        _names[name] = inode;
        _durableNames[name] = inode;
    }

    /// <summary>Removes a file behind the back of everybody.</summary>
    public void Remove(string name)
    {
        _names.Remove(name);
        _durableNames.Remove(name);
    }

    internal void Demand(int generation)
    {
        if (generation != _generation)
        {
            throw new SimulatedCrashException();
        }
    }

    /// <summary>Counts an operation and lets its fault happen.</summary>
    /// <returns>How many of its bytes take effect before <paramref name="failure"/> is thrown.</returns>
    internal long Begin(DiskOperationKind kind, string name, long bytes, out Exception? failure)
    {
        Operations++;
        var fault = Faults?.Invoke(new DiskOperation(Operations, kind, name)) ?? DiskFault.None;
        failure = fault switch
        {
            DiskFault.Crash => new SimulatedCrashException(),
            DiskFault.InputOutputError => new DiskException(kind.ToString(), name, 5),
            DiskFault.NoSpace => new DiskException(kind.ToString(), name, 28),
            _ => null,
        };
        return failure is null || fault == DiskFault.Crash ? bytes : bytes / 2;
    }

    private void Begin(DiskOperationKind kind, string name)
    {
        Begin(kind, name, 0, out var failure);
        if (failure is not null)
        {
            throw failure;
        }
    }
}
