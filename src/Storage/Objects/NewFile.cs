using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Creates store files. A file gets its name only once its header is durable, so a store file with an invalid header is always damage and
/// never the result of a crash.
/// </summary>
internal static class NewFile
{
    /// <summary>Creates the file after the newest one, with its reserve.</summary>
    /// <exception cref="DiskException">If there is no space, nothing is left behind and the store continues with its current
    /// file.</exception>
    public static StoreFile Create(ObjectStore store)
    {
        FileHeader header;
        lock (store.Gate)
        {
            var older = store.Files.Values
                .Where(file => !store.Retired.Contains(file.Number))
                .Select(file => new SealedFile(file.Number, file.End));
            header = new FileHeader(store.Identity, store.Files.Count == 0 ? 1 : store.Files.Keys[^1] + 1, [.. older]);
        }

        var name = FileNames.Store(header.Number);
        var temporary = name + FileNames.Temporary;
        if (store.Directory.List().Contains(temporary))
        {
            store.Directory.Delete(temporary);
        }

        var reserveEnd = header.Size + store.Options.ReserveBytes;
        try
        {
            using var file = store.Directory.Create(temporary);
            file.Write([header.ToBytes()], 0);

            // Allocated together with the file: the reserve of the previous file is released when this one starts.
            file.TryAllocate(header.Size, reserveEnd);
            file.Sync();
            store.Directory.Rename(temporary, name);
        }
        catch (DiskException e) when (e.IsFull)
        {
            if (store.Directory.List().Contains(temporary))
            {
                store.Directory.Delete(temporary);
            }

            throw;
        }

        try
        {
            store.Directory.Sync();
        }
        catch (DiskException e)
        {
            // The rename may have taken effect. Recovery would then end the previous file where this header says, so nothing more may be
            // added to it: the store is broken.
            throw new IOException($"Whether {name} exists is unknown: {e.Message}", e);
        }

        return new StoreFile(header.Number, store.Directory.Open(name), FileHeader.Seed(store.Identity, header.Number), header.Size)
        {
            AllocatedEnd = reserveEnd,
        };
    }
}
