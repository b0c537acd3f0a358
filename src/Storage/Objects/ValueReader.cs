using Loire.Model.Batches;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>Reads values into arrays of exactly their size, and verifies them.</summary>
internal static class ValueReader
{
    /// <summary>Reads a value.</summary>
    /// <param name="disk">The store file.</param>
    /// <param name="position">The position of the value.</param>
    /// <param name="length">Bytes of the value.</param>
    /// <param name="crc">CRC-32C of the value.</param>
    /// <param name="cachedOnly">Whether to give up if the device would have to be read.</param>
    /// <param name="isDamaged">Whether the bytes are not those that were written.</param>
    /// <returns>The value; null if it is damaged, or if the read gave up.</returns>
    public static byte[]? Read(IStoreFile disk, long position, uint length, uint crc, bool cachedOnly, out bool isDamaged)
    {
        var value = GC.AllocateUninitializedArray<byte>(checked((int)length));
        isDamaged = false;
        if (cachedOnly)
        {
            if (!disk.TryReadCached(value, position))
            {
                return null;
            }
        }
        else if (disk.Read(value, position) < value.Length)
        {
            isDamaged = true;
            return null;
        }

        isDamaged = Crc32C.Compute(value) != crc;
        return isDamaged ? null : value;
    }

    /// <summary>Reads what there is of a damaged value; null if nothing can be read.</summary>
    public static byte[]? ReadUnverified(IStoreFile disk, long position, uint length)
    {
        try
        {
            var value = new byte[(int)Math.Clamp(disk.Length - position, 0, length)];
            var read = disk.Read(value, position);
            return read == 0 ? null : value[..read];
        }
        catch (DiskException)
        {
            return null;
        }
    }

    /// <summary>Whether the value of a record can be read and is what was written.</summary>
    public static bool IsSound(IStoreFile disk, in RecordHead header)
    {
        if (header.ValuePosition + header.ValueLength > disk.Length)
        {
            return false;
        }

        return Read(disk, header.ValuePosition, header.ValueLength, header.ValueCrc, cachedOnly: false, out _) is not null;
    }
}
