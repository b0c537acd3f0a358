using Loire.Model;

namespace Loire.Log.Objects;

/// <summary>One thing to append: a record batch, or a record of a journal.</summary>
/// <param name="Bytes">Its bytes; nobody changes them before the append has ended.</param>
/// <param name="Header">What replaces its own header, if its format knows such a thing.</param>
/// <param name="Positions">How many positions it takes; at least 1.</param>
/// <param name="MaxTimestamp">Its greatest timestamp.</param>
internal readonly record struct Item(ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Header, int Positions, Timestamp MaxTimestamp);

/// <summary>
/// How an item is laid out in a body: a stamp that the log writes, and then a part of the item's own bytes that is stored from where it
/// lies.
/// </summary>
internal abstract class ItemFormat
{
    /// <summary>Bytes of the stamp.</summary>
    public abstract int StampBytes(in Item item);

    /// <summary>Writes the stamp.</summary>
    public abstract void Stamp(in Item item, Offset position, LeaderEpoch epoch, Span<byte> destination);

    /// <summary>The item's own bytes that follow the stamp.</summary>
    public abstract ReadOnlyMemory<byte> Rest(in Item item);
}
