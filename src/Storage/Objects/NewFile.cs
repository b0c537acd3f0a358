using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Begins store files. A file gets its name only when its header is durable, so that a store file with a bad header is always damage and never the trace of a crash.
/// </summary>
internal static class NewFile
{
    /// <summary>Creates the file after the newest one. After a failure for want of space no trace is left that matters, and the next attempt starts afresh.</summary>
    public static StoreFile Create(ObjectStore store)
    {
        FileHeader header;
        lock (store.Gate)
        {
            var older = store.Files.Values.Where(file => !store.Retired.Contains(file.Number)).Select(file => new SealedFile(file.Number, file.End));
            header = new FileHeader(store.Identity, store.Files.Count == 0 ? 1 : store.Files.Keys[^1] + 1, [.. older]);
        }

        var name = FileNames.Store(header.Number);
        var temporary = name + FileNames.Temporary;
        if (store.Directory.List().Contains(temporary))
        {
            store.Directory.Delete(temporary);
        }

        var disk = store.Directory.Create(temporary);
        try
        {
            disk.Write([header.ToBytes()], 0);
            disk.Sync();
            store.Directory.Rename(temporary, name);
            store.Directory.Sync();
        }
        catch (DiskException e)
        {
            disk.Dispose();
            if (e.IsFull && store.Directory.List().Contains(temporary))
            {
                store.Directory.Delete(temporary);
            }

            throw;
        }

        return new StoreFile(header.Number, disk, FileHeader.Seed(store.Identity, header.Number), header.Size);
    }
}
