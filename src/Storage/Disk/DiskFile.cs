using Microsoft.Win32.SafeHandles;

namespace Loire.Storage.Disk;

/// <summary>A file of the operating system.</summary>
internal sealed class DiskFile(SafeFileHandle handle, string name) : IStoreFile
{
    // Linux takes at most 1,024 pieces in one call.
    private const int PiecesPerCall = 1_000;

    public long Length => DiskException.Wrap("Asking for the length", name, () => RandomAccess.GetLength(handle));

    public int Read(Span<byte> into, long position)
    {
        var read = 0;
        while (read < into.Length)
        {
            int count;
            try
            {
                count = RandomAccess.Read(handle, into[read..], position + read);
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
        while (into.Length > 0)
        {
            var count = Libc.ReadCached(handle, into, position);
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
        try
        {
            if (pieces.Count <= PiecesPerCall)
            {
                WriteSome(pieces, position);
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

                WriteSome(some, position);
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

        var error = Libc.Allocate(handle, position, end - position);
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
            RandomAccess.SetLength(handle, length);
            return 0;
        });
    }

    public void Sync()
    {
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
    }

    public void Dispose() => handle.Dispose();

    private void WriteSome(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long position)
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
