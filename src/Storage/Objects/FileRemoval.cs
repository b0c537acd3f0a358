using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>Removes a store file without live records, and its file of keys.</summary>
internal static class FileRemoval
{
    // Of a pause for writing as much: a device releases space faster than it takes bytes, and must not fall behind writers.
    private const long ReleaseCost = 32;

    /// <summary>Removes both. Durable only after the directory's sync.</summary>
    public static void Delete(IStoreDirectory directory, int number)
    {
        directory.Delete(FileNames.Keys(number));
        directory.Delete(FileNames.Store(number));
    }

    /// <summary>
    /// Removes both from the store, which have no reader any more, but leaves their space to <see cref="Release"/>: the store file gets its temporary
    /// name, which recovery deletes. Durable only after the directory's sync, which must precede that.
    /// </summary>
    public static void Detach(IStoreDirectory directory, int number)
    {
        directory.Delete(FileNames.Keys(number));
        directory.Rename(FileNames.Store(number), FileNames.Store(number) + FileNames.Temporary);
    }

    /// <summary>
    /// Releases the space of a detached store file, a little at a time. To delete a large file at once delays the syncs of others: by 80 ms for 256 MB where
    /// the file system tells the device at once what it no longer uses.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <param name="number">The file's number.</param>
    /// <param name="stepBytes">Bytes to release at a time.</param>
    /// <param name="pace">Waits as long as writing so many bytes may take.</param>
    public static void Release(IStoreDirectory directory, int number, long stepBytes, Action<long> pace)
    {
        var name = FileNames.Store(number) + FileNames.Temporary;
        using (var file = directory.Open(name))
        {
            for (var length = file.Length - stepBytes; length > 0; length -= stepBytes)
            {
                file.Truncate(length);
                pace(stepBytes / ReleaseCost);
            }
        }

        directory.Delete(name);
    }
}
