using Loire.Log;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>Reads objects by key: returns the newest durable value, verified, or fails.</summary>
internal sealed class ObjectReader(ObjectStore store)
{
    // Larger values take so long to copy that they are read on another thread.
    private const uint CachedMax = 256 * 1024;

    /// <summary>Reads an object.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cachedOnly">Whether to give up if the device would have to be read, or the object is large.</param>
    /// <param name="value">The bytes of the object; null if it does not exist.</param>
    /// <param name="entry">The location of the value.</param>
    /// <returns>False if it gave up.</returns>
    /// <exception cref="StorageDamagedException">The stored bytes are not those that were written, or damage hides whether the object
    /// exists.</exception>
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
                // Reclaiming has moved the object and closed the file; the index has the new location.
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
