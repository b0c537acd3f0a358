using Loire.Storage.Disk;

namespace Loire.Storage.Tests.Disks;

/// <summary>An open file of a <see cref="LossyDisk"/>.</summary>
internal sealed class LossyFile(LossyDisk disk, int generation, string name, Inode inode) : IStoreFile
{
    private bool _isClosed;

    public long Length
    {
        get
        {
            Demand();
            lock (inode)
            {
                return inode.View.Length;
            }
        }
    }

    public int Read(Span<byte> into, long position)
    {
        Demand();
        lock (inode)
        {
            if (position >= inode.View.Length)
            {
                return 0;
            }

            inode.View.Position = position;
            return inode.View.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
        }
    }

    public bool TryReadCached(Span<byte> into, long position) => Read(into, position) == into.Length;

    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long position)
    {
        Demand();
        var bytes = pieces.SelectMany(piece => piece.ToArray()).ToArray();
        var written = disk.Begin(DiskOperationKind.Write, name, bytes.Length, out var failure);
        var room = disk.Capacity - disk.Used + Math.Max(inode.View.Length, inode.Allocated) - position;
        if (failure is null && room < bytes.Length)
        {
            failure = new DiskException("Write", name, 28);
            written = Math.Max(0, room);
        }

        lock (inode)
        {
            inode.Write(position, bytes[..(int)written]);
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    public bool TryAllocate(long position, long end)
    {
        Demand();
        disk.Begin(DiskOperationKind.Allocate, name, 0, out var failure);
        var before = Math.Max(inode.View.Length, inode.Allocated);
        if (failure is null && end - before > disk.Capacity - disk.Used)
        {
            failure = new DiskException("Allocation", name, 28);
        }

        if (failure is not null)
        {
            throw failure;
        }

        inode.Allocated = Math.Max(inode.Allocated, end);
        return true;
    }

    public void Truncate(long length)
    {
        Demand();
        disk.Begin(DiskOperationKind.Truncate, name, 0, out var failure);
        if (failure is not null)
        {
            throw failure;
        }

        inode.Truncate(length);
    }

    public void Sync()
    {
        Demand();
        disk.Begin(DiskOperationKind.Sync, name, 0, out var failure);
        if (failure is DiskException)
        {
            inode.LoseUnsynced();
        }

        if (failure is not null)
        {
            throw failure;
        }

        if (!disk.SyncsLie)
        {
            inode.Sync();
        }
    }

    public void Dispose() => _isClosed = true;

    private void Demand()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        disk.Demand(generation);
    }
}
