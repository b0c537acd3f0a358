using Microsoft.Win32.SafeHandles;

namespace Loire.Storage.Disk;

/// <summary>A file of the operating system, whose handle is open when it is needed.</summary>
internal sealed class DiskFile(OpenHandles.Place place, string name) : IStoreFile
{
    // Linux takes at most 1,024 pieces in one call.
    private const int PiecesPerCall = 1_000;

    public long Length => DiskException.Wrap("Asking for the length", name, () =>
    {
        using var lease = place.Take();
        return RandomAccess.GetLength(lease.Handle);
    });

    public int Read(Span<byte> into, long position)
    {
        using var lease = Take();
        var read = 0;
        while (read < into.Length)
        {
            int count;
            try
            {
                count = RandomAccess.Read(lease.Handle, into[read..], position + read);
            }
            catch (IOException e)
            {
                throw new DiskException("Read", name, e);
            }

            if (count == 0)
            {
                break;
            }

            read += count;
        }

        return read;
    }

    public bool TryReadCached(Span<byte> into, long position)
    {
        using var lease = Take();
        while (into.Length > 0)
        {
            var count = Libc.ReadCached(lease.Handle, into, position);
            if (count <= 0)
            {
                return false;
            }

            into = into[(int)count..];
            position += count;
        }

        return true;
    }

    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long position)
    {
        using var lease = Take(writes: true);
        try
        {
            if (pieces.Count <= PiecesPerCall)
            {
                WriteSome(lease.Handle, pieces, position);
                return;
            }

            var some = new List<ReadOnlyMemory<byte>>(PiecesPerCall);
            for (var i = 0; i < pieces.Count; i += some.Count)
            {
                some.Clear();
                long length = 0;
                for (var j = i; j < pieces.Count && some.Count < PiecesPerCall; j++)
                {
                    some.Add(pieces[j]);
                    length += pieces[j].Length;
                }

                WriteSome(lease.Handle, some, position);
                position += length;
            }
        }
        catch (IOException e) when (e is not DiskException)
        {
            throw new DiskException("Write", name, e);
        }
    }

    public bool TryAllocate(long position, long end)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        using var lease = Take();
        var error = Libc.Allocate(lease.Handle, position, end - position);
        if (error != 0 && new DiskException("Allocation", name, error) is { IsFull: true } full)
        {
            throw full;
        }

        // Any other error means that this file system cannot reserve space; a later write may then fail.
        return error == 0;
    }

    public void Truncate(long length)
    {
        DiskException.Wrap("Truncation", name, () =>
        {
            using var lease = place.Take();
            RandomAccess.SetLength(lease.Handle, length);
            return 0;
        });
    }

    public void Sync()
    {
        using var lease = Take();
        var handle = lease.Handle;
        if (OperatingSystem.IsWindows())
        {
            DiskException.Wrap("Sync", name, () =>
            {
                RandomAccess.FlushToDisk(handle);
                return 0;
            });
        }
        else if (Libc.SyncData(handle) is not 0 and var error)
        {
            throw new DiskException("Sync", name, error);
        }

        place.Synced();
    }

    public void Dispose() => place.Dispose();

    private OpenHandles.Lease Take(bool writes = false)
    {
        try
        {
            return place.Take(writes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiskException("Opening", name, e);
        }
    }

    private static void WriteSome(SafeFileHandle handle, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long position)
    {
        if (pieces.Count == 1)
        {
            RandomAccess.Write(handle, pieces[0].Span, position);
        }
        else
        {
            RandomAccess.Write(handle, pieces, position);
        }
    }
}
