using System.Buffers.Binary;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Producers;

/// <summary>
/// The ids that producers of a cluster get: blocks of <see cref="Size"/> from one counter, which is stored. Big-endian; golden bytes: ProducerIdBlocksTests.
/// <code>
///   1 layout 1 | 8 next free id
/// </code>
/// If what is stored is damaged, the counter goes on from <see cref="After"/>: from the clock, far above all ids that may have been given.
/// </summary>
public static class ProducerIdBlocks
{
    /// <summary>How many ids a block has.</summary>
    public const int Size = 1_000;

    private const byte Layout = 1;
    private const int Length = 1 + sizeof(long);

    // More than a block in each millisecond. The least that a block takes is a durable write after the one before, and a thousand calls; so a counter that began at
    // 0 when the cluster did, or at the clock when it was damaged last, is always below the clock. Up to the year 2248 such ids fit into the 53 bits of a JSON number.
    private const int IdsPerMillisecondBits = 10;

    /// <summary>Writes the counter.</summary>
    public static ReadOnlyMemory<byte> Write(long next)
    {
        var bytes = new byte[Length];
        bytes[0] = Layout;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), next);
        return bytes;
    }

    /// <summary>Reads the counter; false unless the bytes are a valid one of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out long next)
    {
        next = bytes.Length == Length ? BinaryPrimitives.ReadInt64BigEndian(bytes[1..]) : -1;
        return bytes is [Layout, ..] && next is >= 0 and <= KeyedProducer.FirstId - Size;
    }

    /// <summary>Whether the bytes are in a layout that only later versions know.</summary>
    public static bool IsOfLaterVersion(ReadOnlySpan<byte> bytes) => bytes is [> Layout, ..];

    /// <summary>
    /// Where the counter goes on after damage. No id from there on was given before, unless the clock is behind that of an earlier damage.
    /// </summary>
    /// <param name="now">The time.</param>
    public static long After(Timestamp now) => checked(now.Milliseconds << IdsPerMillisecondBits);
}
