using System.Buffers.Binary;
using Blake3;
using Loire.Model;

namespace Loire.Coordination.Compaction;

/// <summary>
/// The last offset of each key in a part of a log, in memory of a fixed size, however long the keys are: a table with open addressing of the first 128
/// bits of each key's BLAKE3, so that not even chosen keys collide. Remembers of each key whether that record
/// has a value. Not thread-safe.
/// </summary>
public sealed class OffsetMap
{
    /// <summary>Bytes of memory for one slot.</summary>
    public const int BytesOfSlot = 24;

    private const double MaxFill = 0.8;

    private readonly UInt128[] _keys;
    private readonly long[] _ends; // 0: free; negative: of a record without a value

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
        return Copied(slots, Offset.Zero);
    }

    /// <summary>A map of the keys whose last offset is not below <paramref name="from"/>, as large as they need.</summary>
    /// <param name="from">The least offset.</param>
    /// <param name="minSlots">Its size at least.</param>
    public OffsetMap From(Offset from, int minSlots)
    {
        var count = 0;
        foreach (var end in _ends)
        {
            count += Math.Abs(end) > from.Value ? 1 : 0;
        }

        return Copied(Math.Max(minSlots, SlotsFor(count)), from);
    }

    /// <summary>The entries in ascending order of their keys' hashes.</summary>
    public IEnumerable<KeyEntry> InOrder()
    {
        // A key lies in its slot or in the run of used slots after it, which may continue at the beginning.
        var (run, wrapped) = (new List<KeyEntry>(), new List<KeyEntry>());
        var isFirst = true;
        for (var i = 0; i <= _ends.Length; i++)
        {
            if (i < _ends.Length && _ends[i] != 0)
            {
                (isFirst && SlotOf(_keys[i]) > i ? wrapped : run).Add(new KeyEntry(_keys[i], new Offset(Math.Abs(_ends[i]) - 1), _ends[i] < 0));
                continue;
            }

            isFirst = false;
            if (i == _ends.Length)
            {
                run.AddRange(wrapped);
            }

            run.Sort(static (one, other) => one.Hash.CompareTo(other.Hash));
            foreach (var entry in run)
            {
                yield return entry;
            }

            run.Clear();
        }
    }

    /// <summary>Sets the last offset of a key; false if the map is full and does not have it yet.</summary>
    /// <param name="key">The key.</param>
    /// <param name="offset">The offset of a record with the key.</param>
    /// <param name="isDeleted">Whether that record has no value.</param>
    public bool TrySet(ReadOnlySpan<byte> key, Offset offset, bool isDeleted = false)
    {
        var hash = HashOf(key);
        var slot = Find(hash);
        if (_ends[slot] == 0)
        {
            if (Count == Capacity)
            {
                return false;
            }

            _keys[slot] = hash;
            Count++;
        }

        _ends[slot] = isDeleted ? -offset.Value - 1 : offset.Value + 1;
        return true;
    }

    /// <summary>The last offset of a key; false if the map does not have it.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out Offset last)
    {
        var end = Math.Abs(_ends[Find(HashOf(key))]);
        last = new Offset(end - 1);
        return end != 0;
    }

    /// <summary>What stands for a key.</summary>
    public static UInt128 HashOf(ReadOnlySpan<byte> key)
    {
        // SHA-256 takes eight times as long for a short key, and was half of what compaction took.
        Span<byte> digest = stackalloc byte[Hash.Size];
        Hasher.Hash(key, digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }

    private OffsetMap Copied(int slots, Offset from)
    {
        var copy = new OffsetMap(slots);
        for (var i = 0; i < _ends.Length; i++)
        {
            if (Math.Abs(_ends[i]) > from.Value)
            {
                var slot = copy.Find(_keys[i]);
                (copy._keys[slot], copy._ends[slot]) = (_keys[i], _ends[i]);
                copy.Count++;
            }
        }

        return copy;
    }

    private int SlotOf(UInt128 hash) => (int)Math.BigMul((ulong)(hash >> 64), (ulong)_keys.Length, out _);

    /// <summary>The slot of a key, or the free one where it belongs.</summary>
    private int Find(UInt128 hash)
    {
        var slot = SlotOf(hash);
        while (_ends[slot] != 0 && _keys[slot] != hash)
        {
            slot = slot + 1 == _keys.Length ? 0 : slot + 1;
        }

        return slot;
    }
}

/// <summary>The last record of a key.</summary>
/// <param name="Hash">What stands for the key.</param>
/// <param name="Last">The offset of the record.</param>
/// <param name="IsDeleted">Whether it has no value.</param>
public readonly record struct KeyEntry(UInt128 Hash, Offset Last, bool IsDeleted);
