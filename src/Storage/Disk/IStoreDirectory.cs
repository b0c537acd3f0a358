namespace Loire.Storage.Disk;

/// <summary>
/// The directory of a store, with the fewest assumptions: a power failure may lose any part of what was not synced, in any order, and a
/// rename is atomic. Every failure is a <see cref="DiskException"/>. Names are plain file names.
/// </summary>
internal interface IStoreDirectory : IDisposable
{
    /// <summary>The share of the device that is free, between 0 and 1; null if that is unknown.</summary>
    double? FreeShare { get; }

    /// <summary>The names of the files in the directory, unordered.</summary>
    IReadOnlyList<string> List();

    /// <summary>Opens an existing file for reading and writing.</summary>
    IStoreFile Open(string name);

    /// <summary>Creates a file that must not exist. Durable only after <see cref="Sync"/>.</summary>
    IStoreFile Create(string name);

    /// <summary>Renames a file, replacing a file of the new name. Durable only after <see cref="Sync"/>.</summary>
    void Rename(string from, string to);

    /// <summary>Removes a file if it exists; a reader that has it open can still read it. Durable only after <see cref="Sync"/>.</summary>
    void Delete(string name);

    /// <summary>Makes creations, renames and deletions durable.</summary>
    void Sync();
}

/// <summary>An open file. Reads may run at the same time as a write, which never touches bytes that are already in use.</summary>
internal interface IStoreFile : IDisposable
{
    /// <summary>Bytes in the file, including those not synced yet.</summary>
    long Length { get; }

    /// <summary>Reads until <paramref name="into"/> is full or the file ends.</summary>
    /// <returns>Bytes read.</returns>
    int Read(Span<byte> into, long position);

    /// <summary>Reads only if the device need not be waited for.</summary>
    /// <returns>False if <paramref name="into"/> could not be filled at once; its content is then undefined.</returns>
    bool TryReadCached(Span<byte> into, long position);

    /// <summary>Writes the pieces one after the other. After a failure any part of them may be in the file.</summary>
    void Write(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long position);

    /// <summary>
    /// Reserves space on the device for the bytes before <paramref name="end"/>, without changing <see cref="Length"/>.
    /// </summary>
    /// <returns>False if the file system cannot promise it.</returns>
    bool TryAllocate(long position, long end);

    /// <summary>Truncates the file, or releases space allocated after its end.</summary>
    void Truncate(long length);

    /// <summary>
    /// Makes all bytes and the length durable. After a failure nothing is known about what was written since the last success, and a second
    /// call may succeed without having written anything: the caller must no longer rely on this file.
    /// </summary>
    void Sync();
}
