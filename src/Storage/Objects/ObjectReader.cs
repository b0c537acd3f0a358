using Loire.Log;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>Reads objects by key: the newest durable value, checked, or an error; never other bytes.</summary>
internal sealed class ObjectReader(ObjectStore store)
{
    // Above it, copying alone takes long enough to leave the caller's thread.
    private const uint CachedMax = 256 * 1024;

    /// <summary>Reads an object.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="cachedOnly">Whether to give up where the device would have to be asked, or the object is large.</param>
    /// <param name="value">Its bytes; null if there is no such object.</param>
    /// <param name="entry">Where they are.</param>
    /// <returns>False if it gave up.</returns>
    /// <exception cref="StorageDamagedException">The stored bytes are not those that were written, or whether there are any was
    /// lost.</exception>
    public bool TryRead(byte[] key, bool cachedOnly, out byte[]? value, out ObjectEntry entry)
    {
        while (true)
        {
            value = null;
            IStoreFile? disk;
            lock (store.Gate)
            {
                ObjectDisposedException.ThrowIf(store.IsClosed, store);
                if (!store.TryFind(key, out entry))
                {
                    return true;
                }

                disk = store.Files.TryGetValue(entry.File, out var file) ? file.Disk : null;
            }

            if (cachedOnly && entry.Length > CachedMax)
            {
                return false;
            }

            var isDamaged = entry.IsDamaged || disk is null;
            try
            {
                value = isDamaged ? null
                    : ValueReader.Read(disk!, entry.ValuePosition(key.Length), entry.Length, entry.Crc, cachedOnly, out isDamaged);
            }
            catch (ObjectDisposedException)
            {
                // Reclaiming has moved the object and closed the file; the index knows where it is now.
                continue;
            }

            if (isDamaged)
            {
                store.MarkDamaged(key, entry);
                throw new StorageDamagedException(
                    $"The stored object with ETag {entry.Sequence} is damaged: {FileNames.Store(entry.File)} does not hold what was written "
                    + $"at position {entry.Position}.");
            }

            Interlocked.Add(ref store.Counters.BytesRead, value?.Length ?? 0);
            return value is not null;
        }
    }
}
