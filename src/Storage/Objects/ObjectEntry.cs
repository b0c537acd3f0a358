using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>The location of the newest value of a key.</summary>
/// <param name="Sequence">The sequence number of the put; the ETag.</param>
/// <param name="File">The store file.</param>
/// <param name="Position">The position of the record in the file.</param>
/// <param name="Length">Bytes of the value.</param>
/// <param name="Crc">CRC-32C of the value.</param>
/// <param name="OldestFile">The oldest store file that may hold a put of the key; a later delete must outlive it.</param>
/// <param name="IsDamaged">Whether the value is known to be unreadable.</param>
internal readonly record struct ObjectEntry(
    ulong Sequence,
    int File,
    long Position,
    uint Length,
    uint Crc,
    int OldestFile,
    bool IsDamaged)
{
    /// <summary>Whether both are the same record at the same position.</summary>
    public bool IsAt(int file, long position) => File == file && Position == position;

    /// <summary>The position of the value in the file.</summary>
    public long ValuePosition(int keyLength) => Position + RecordHead.Size + keyLength;
}
