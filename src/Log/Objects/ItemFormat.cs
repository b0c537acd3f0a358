using Loire.Model;

namespace Loire.Log.Objects;

/// <summary>An item to append: a record batch, or a record of a journal.</summary>
/// <param name="Bytes">The item's bytes, which must not change before the append completes.</param>
/// <param name="Header">Replaces the item's own header, if its format supports that.</param>
/// <param name="Positions">How many positions the item takes; at least 1.</param>
/// <param name="MaxTimestamp">The greatest timestamp of the item.</param>
internal readonly record struct Item(ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Header, int Positions, Timestamp MaxTimestamp);

/// <summary>
/// The layout of an item in a body: a stamp that the log writes, followed by a part of the item's own bytes, stored without copying.
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
