namespace Loire.Storage.Tests.Disks;

/// <summary>
/// The content of a file on a <see cref="LossyDisk"/>: what can be read now, and what is certain to be there after a power loss.
/// </summary>
internal sealed class Inode
{
    private const int Sector = 512;
    private readonly List<(long Position, byte[] Bytes)> _unsynced = [];
    private MemoryStream _durable = new();

    public Inode()
    {
    }

    public Inode(byte[] bytes)
    {
        View.Write(bytes);
        _durable.Write(bytes);
    }

    /// <summary>What can be read.</summary>
    public MemoryStream View { get; } = new();

    /// <summary>Up to where room is reserved.</summary>
    public long Allocated { get; set; }

    public void Write(long position, byte[] bytes)
    {
        Put(View, position, bytes);
        _unsynced.Add((position, bytes));
    }

    public void Truncate(long length)
    {
        View.SetLength(length);
        Allocated = length;

        // A change of the length alone; a negative position marks it.
        _unsynced.Add((-1 - length, []));
    }

    public void Sync()
    {
        _durable = new MemoryStream();
        _durable.Write(View.ToArray());
        _unsynced.Clear();
    }

    /// <summary>A sync that fails: what was to be written counts as written, and is not.</summary>
    public void LoseUnsynced() => _unsynced.Clear();

    /// <summary>The content after a power loss.</summary>
    public byte[] Survivor(Func<bool> keep)
    {
        var survivor = new MemoryStream();
        survivor.Write(_durable.ToArray());
        foreach (var (position, bytes) in _unsynced)
        {
            if (position < 0)
            {
                if (keep())
                {
                    survivor.SetLength(-1 - position);
                }

                continue;
            }

            for (var at = 0; at < bytes.Length;)
            {
                var length = (int)Math.Min(Sector - ((position + at) % Sector), bytes.Length - at);
                if (keep())
                {
                    Put(survivor, position + at, bytes.AsSpan(at, length));
                }

                at += length;
            }
        }

        return survivor.ToArray();
    }

    private static void Put(MemoryStream stream, long position, ReadOnlySpan<byte> bytes)
    {
        if (stream.Length < position)
        {
            stream.SetLength(position);
        }

        stream.Position = position;
        stream.Write(bytes);
    }
}
