using System.Buffers.Binary;
using Loire.Model;

namespace Loire.Coordination.Compaction;

/// <summary>
/// A page of a stored table of keys: the last records of all keys whose hashes fall into its share of all hashes, in ascending order of the hashes, so
/// that finding a key takes one page. Each entry has 24 bytes.
/// <code>
///    0  13   the first 104 bits of the key's hash, big-endian
///   13  u24  of a record without a value, the hour (since 1970, UTC) from which on it may be gone, big-endian; 0 of a record with a value
///   16  i64  offset, big-endian
/// </code>
/// Of two keys with the same 104 bits, one would not be found.
/// </summary>
public static class KeyPage
{
    /// <summary>Bytes of an entry.</summary>
    public const int EntryBytes = 24;

    /// <summary>The greatest hour, which means never.</summary>
    internal const int NoHour = (1 << HourBits) - 1;

    private const int HourBits = 24;
    private const long HourMilliseconds = 3_600_000;

    /// <summary>The page of a key.</summary>
    /// <param name="hash">What stands for the key (<see cref="OffsetMap.HashOf"/>).</param>
    /// <param name="pages">How many pages there are.</param>
    public static int PageOf(UInt128 hash, int pages) => (int)Math.BigMul((ulong)(hash >> 64), (ulong)pages, out _);

    /// <summary>How many pages a table of at most so many keys has, so that each has about <paramref name="keysPerPage"/>.</summary>
    public static int PagesFor(long keys, int keysPerPage) => (int)Math.Clamp((keys + keysPerPage - 1) / keysPerPage, 1, 1 << 20);

    /// <summary>Whether bytes can be a page.</summary>
    public static bool IsSound(ReadOnlySpan<byte> page) => page.Length % EntryBytes == 0;

    /// <summary>Finds the last record of a key.</summary>
    /// <param name="page">The page of the key.</param>
    /// <param name="hash">What stands for the key.</param>
    /// <param name="last">The offset of the record.</param>
    /// <returns>False if the page does not have the key.</returns>
    public static bool TryFind(ReadOnlySpan<byte> page, UInt128 hash, out Offset last)
    {
        var wanted = hash >> HourBits;
        var (low, high) = (0, page.Length / EntryBytes);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (KeyAt(page, middle) < wanted)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        var isFound = low < page.Length / EntryBytes && KeyAt(page, low) == wanted;
        last = isFound ? Read(page, low).Last : Offset.None;
        return isFound;
    }

    /// <summary>The hour from which on a time has passed; the greatest one for a time that is not reached.</summary>
    internal static int HourAfter(Timestamp time) =>
        (int)Math.Min(NoHour, (Math.Max(0, time.Milliseconds) / HourMilliseconds) + 1);

    /// <summary>Whether the hour in an entry has been reached.</summary>
    internal static bool HasCome(int hour, Timestamp now) => hour is not 0 and not NoHour && now.Milliseconds / HourMilliseconds >= hour;

    /// <summary>Reads an entry.</summary>
    internal static PageEntry Read(ReadOnlySpan<byte> page, int entry)
    {
        page = page.Slice(entry * EntryBytes, EntryBytes);
        var first = BinaryPrimitives.ReadUInt128BigEndian(page);
        return new PageEntry(first >> HourBits, (int)((ulong)first & NoHour), new Offset(BinaryPrimitives.ReadInt64BigEndian(page[16..])));
    }

    /// <summary>Writes an entry.</summary>
    internal static void Write(in PageEntry entry, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, (entry.Key << HourBits) | (uint)entry.Hour);
        BinaryPrimitives.WriteInt64BigEndian(destination[16..], entry.Last.Value);
    }

    /// <summary>The key of a page's entry for a hash.</summary>
    internal static UInt128 KeyOf(UInt128 hash) => hash >> HourBits;

    /// <summary>A hash that has a key.</summary>
    internal static UInt128 HashOf(UInt128 key) => key << HourBits;

    private static UInt128 KeyAt(ReadOnlySpan<byte> page, int entry) =>
        BinaryPrimitives.ReadUInt128BigEndian(page[(entry * EntryBytes)..]) >> HourBits;
}

/// <summary>An entry of a page.</summary>
/// <param name="Key">The first bits of the key's hash.</param>
/// <param name="Hour">When the record may be gone, or 0.</param>
/// <param name="Last">The offset of the record.</param>
internal readonly record struct PageEntry(UInt128 Key, int Hour, Offset Last);
