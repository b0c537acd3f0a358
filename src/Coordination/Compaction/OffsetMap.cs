using System.Buffers.Binary;
using Blake3;
using Loire.Model;

namespace Loire.Coordination.Compaction;

/// <summary>
/// The last offset of each key in a part of a log, in memory of a fixed size, however long the keys are: a table with open addressing of the first 128
/// bits of each key's BLAKE3, so that not even chosen keys collide. Not thread-safe.
/// </summary>
public sealed class OffsetMap
{
    /// <summary>Bytes of memory for one slot.</summary>
    public const int BytesOfSlot = 24;

    private const double MaxFill = 0.8;

    private readonly UInt128[] _keys;
    private readonly long[] _ends;

    /// <summary>Creates an empty map.</summary>
    /// <param name="slots">Its size; at least 2. Four fifths of it can be used.</param>
    public OffsetMap(int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 2);
        (_keys, _ends) = (new UInt128[slots], new long[slots]);
        Capacity = (int)(slots * MaxFill);
    }

    /// <summary>Its size.</summary>
    public int Slots => _keys.Length;

    /// <summary>How many keys it can hold.</summary>
    public int Capacity { get; }

    /// <summary>How many keys it holds.</summary>
    public int Count { get; private set; }

    /// <summary>The slots that a map of so many keys needs.</summary>
    public static int SlotsFor(long keys) => (int)Math.Min(Array.MaxLength, Math.Max(2, (long)(keys / MaxFill) + 2));

    /// <summary>A map of another size with the same keys.</summary>
    /// <param name="slots">Its size; at least this one's.</param>
    public OffsetMap Enlarged(int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, Slots);
        var larger = new OffsetMap(slots) { Count = Count };
        for (var i = 0; i < _ends.Length; i++)
        {
            if (_ends[i] != 0)
            {
                var slot = larger.Find(_keys[i]);
                (larger._keys[slot], larger._ends[slot]) = (_keys[i], _ends[i]);
            }
        }

        return larger;
    }

    /// <summary>Sets the last offset of a key; false if the map is full and does not have it yet.</summary>
    public bool TrySet(ReadOnlySpan<byte> key, Offset offset)
    {
        var slot = Find(key, out var hash);
        if (_ends[slot] == 0)
        {
            if (Count == Capacity)
            {
                return false;
            }

            _keys[slot] = hash;
            Count++;
        }

        _ends[slot] = offset.Value + 1;
        return true;
    }

    /// <summary>The last offset of a key; false if the map does not have it.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out Offset last)
    {
        var end = _ends[Find(key, out _)];
        last = new Offset(end - 1);
        return end != 0;
    }

    /// <summary>The slot of a key, or the free one where it belongs.</summary>
    private int Find(ReadOnlySpan<byte> key, out UInt128 hash)
    {
        // SHA-256 takes eight times as long for a short key, and was half of what compaction took.
        Span<byte> digest = stackalloc byte[Hash.Size];
        Hasher.Hash(key, digest);
        hash = BinaryPrimitives.ReadUInt128LittleEndian(digest);
        return Find(hash);
    }

    private int Find(UInt128 hash)
    {
        var slot = (int)Math.BigMul((ulong)hash, (ulong)_keys.Length, out _);
        while (_ends[slot] != 0 && _keys[slot] != hash)
        {
            slot = slot + 1 == _keys.Length ? 0 : slot + 1;
        }

        return slot;
    }
}
