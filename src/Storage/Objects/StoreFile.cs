using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>One store file and what is known of its content. Guarded by the store's gate, apart from <see cref="Disk"/>.</summary>
internal sealed class StoreFile(int number, IStoreFile? disk, uint seed, long recordsStart) : IDisposable
{
    private readonly SortedDictionary<int, long> _tombstones = [];

    public int Number { get; } = number;

    /// <summary>The file itself; null if it is missing.</summary>
    public IStoreFile? Disk { get; } = disk;

    /// <summary>The seed of the checksums of this file's records.</summary>
    public uint Seed { get; } = seed;

    /// <summary>The position of the first record.</summary>
    public long RecordsStart { get; } = recordsStart;

    /// <summary>The end of the last acknowledged record.</summary>
    public long End { get; set; } = recordsStart;

    /// <summary>The end of the space allocated when the file was created; 0 if unknown.</summary>
    public long AllocatedEnd { get; init; }

    /// <summary>Bytes of records that the index points to.</summary>
    public long LiveBytes { get; set; }

    /// <summary>Whether some of this file is unreadable; it is then kept as long as the damage matters.</summary>
    public bool IsQuarantined { get; set; }

    /// <summary>Bytes of deletes, by the oldest file that may hold what they delete.</summary>
    public IReadOnlyDictionary<int, long> Tombstones => _tombstones;

    public void AddTombstone(int oldestFile, long bytes)
        => _tombstones[oldestFile] = _tombstones.GetValueOrDefault(oldestFile) + bytes;

    /// <summary>The share of the file that the index points to.</summary>
    public double LiveShare => ShareOf(LiveBytes);

    /// <summary>The share of the file that a rewrite would have to keep: at least <see cref="LiveShare"/>.</summary>
    /// <param name="files">The files of the store by number.</param>
    public double NeededShare(SortedList<int, StoreFile> files)
    {
        var needed = LiveBytes;
        foreach (var (oldest, bytes) in _tombstones)
        {
            needed += IsDeleteNeeded(oldest, files) ? bytes : 0;
        }

        return ShareOf(needed);
    }

    /// <summary>
    /// Whether a delete in this file must be kept: an older file, from <paramref name="oldestFile"/> on, still exists and may hold a put
    /// that the delete hides.
    /// </summary>
    public bool IsDeleteNeeded(int oldestFile, SortedList<int, StoreFile> files)
    {
        // The first file from that one on.
        var (low, high) = (0, files.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = files.GetKeyAtIndex(middle) < oldestFile ? (middle + 1, high) : (low, middle);
        }

        return low < files.Count && files.GetKeyAtIndex(low) < Number;
    }

    public void Dispose() => Disk?.Dispose();

    private double ShareOf(long bytes) => End <= RecordsStart ? 0 : (double)bytes / (End - RecordsStart);

    public override string ToString() => FileNames.Store(Number);
}
