using Loire.Log;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>Reads objects by key: returns the newest durable value, verified, or says that it is damaged.</summary>
internal sealed class ObjectReader(ObjectStore store)
{
    // Larger values take so long to copy that they are read on another thread.
    private const uint CachedMax = 256 * 1024;

    /// <summary>Reads an object.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cachedOnly">Whether to give up if the device would have to be read, or the object is large.</param>
    /// <param name="read">The object.</param>
    /// <returns>False if it gave up.</returns>
    public bool TryRead(byte[] key, bool cachedOnly, out ObjectRead read)
    {
        while (true)
        {
            read = default;
            ObjectEntry entry;
            IStoreFile? disk;
            lock (store.Gate)
            {
                ObjectDisposedException.ThrowIf(store.IsClosed, store);
                try
                {
                    if (!store.TryFind(key, out entry))
                    {
                        return true;
                    }
                }
                catch (StorageDamagedException unknown)
                {
                    read = new ObjectRead(null, 0, unknown);
                    return true;
                }

                disk = store.Files.TryGetValue(entry.File, out var file) ? file.Disk : null;
            }

            if (cachedOnly && (entry.Length > CachedMax || entry.IsDamaged))
            {
                return false;
            }

            var isDamaged = entry.IsDamaged || disk is null;
            var position = entry.ValuePosition(key.Length);
            byte[]? value;
            try
            {
                value = isDamaged ? null : ValueReader.Read(disk!, position, entry.Length, entry.Crc, cachedOnly, out isDamaged);
                if (isDamaged && disk is not null)
                {
                    value = ValueReader.ReadUnverified(disk, position, entry.Length);
                }
            }
            catch (ObjectDisposedException)
            {
                // Reclaiming has moved the object and closed the file, and then perhaps cut it short, so what is read meanwhile may look damaged; the
                // index has the new location.
                continue;
            }

            if (isDamaged)
            {
                store.MarkDamaged(key, entry);
                read = new ObjectRead(value, entry.Sequence, new StorageDamagedException(
                    $"The stored object with ETag {entry.Sequence} is damaged: {FileNames.Store(entry.File)} does not hold what was written "
                    + $"at position {entry.Position}."));
                return true;
            }

            Interlocked.Add(ref store.Counters.BytesRead, value?.Length ?? 0);
            read = new ObjectRead(value, entry.Sequence, null);
            return value is not null;
        }
    }
}
