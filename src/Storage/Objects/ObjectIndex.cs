using Loire.Model;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// The index of a store: key to <see cref="ObjectEntry"/>, about 52 bytes an entry and the key itself. It grows one bucket at a time
/// (linear hashing) in chunks, so that no insertion waits for a copy of the whole. A slot keeps its number for as long as its key
/// exists, so the index can be walked in slices while it changes. Not thread-safe: the store's gate guards it.
/// </summary>
internal sealed class ObjectIndex
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;
    private const int None = -1;
    private readonly List<Slot[]> _slots = [];
    private readonly List<int[]> _buckets = [];
    private readonly KeyArena _keys = new();
    private int _slotsUsed;
    private int _firstFree = None;
    private int _bucketCount = 1;
    private uint _mask;

    public ObjectIndex() => AddBucketChunk();

    /// <summary>Keys in the index.</summary>
    public int Count { get; private set; }

    /// <summary>Slots to walk with <see cref="TryRead"/>.</summary>
    public int SlotCount => _slotsUsed;

    /// <summary>Bytes of memory held.</summary>
    public unsafe long Bytes => ((long)ChunkSize * ((_slots.Count * sizeof(Slot)) + (_buckets.Count * sizeof(int)))) + _keys.Bytes;

    public bool TryGet(ReadOnlySpan<byte> key, out ObjectEntry entry)
    {
        var found = Find(key, Hash(key));
        entry = found == None ? default : SlotAt(found).ToEntry();
        return found != None;
    }

    /// <summary>Adds or replaces a key.</summary>
    /// <returns>Whether there was an entry, <paramref name="previous"/>.</returns>
    public bool Set(ReadOnlySpan<byte> key, in ObjectEntry entry, out ObjectEntry previous)
    {
        var hash = Hash(key);
        var found = Find(key, hash);
        if (found != None)
        {
            ref var slot = ref SlotAt(found);
            previous = slot.ToEntry();
            slot.Assign(entry);
            return true;
        }

        previous = default;
        var added = TakeSlot();
        ref var fresh = ref SlotAt(added);
        fresh.Hash = hash;
        fresh.KeyLength = (ushort)key.Length;
        fresh.KeyAddress = _keys.Add(key);
        fresh.Assign(entry);
        ref var bucket = ref Bucket(hash);
        fresh.Next = bucket;
        bucket = added;
        if (++Count > _bucketCount)
        {
            Grow();
        }

        return false;
    }

    /// <summary>Removes a key.</summary>
    /// <returns>Whether there was an entry, <paramref name="previous"/>.</returns>
    public bool Remove(ReadOnlySpan<byte> key, out ObjectEntry previous)
    {
        var hash = Hash(key);
        ref var link = ref Bucket(hash);
        while (link != None)
        {
            ref var slot = ref SlotAt(link);
            if (slot.Hash == hash && KeyOf(slot).SequenceEqual(key))
            {
                previous = slot.ToEntry();
                var removed = link;
                link = slot.Next;
                _keys.Remove(slot.KeyAddress, slot.KeyLength);
                slot = default;
                slot.Next = _firstFree;
                _firstFree = removed;
                Count--;
                return true;
            }

            link = ref slot.Next;
        }

        previous = default;
        return false;
    }

    /// <summary>
    /// Reads the slot with a number below <see cref="SlotCount"/>; false if it is free. The key is valid until the next change.
    /// </summary>
    public bool TryRead(int number, out ReadOnlySpan<byte> key, out ObjectEntry entry)
    {
        ref var slot = ref SlotAt(number);
        if (slot.File == 0)
        {
            key = default;
            entry = default;
            return false;
        }

        key = KeyOf(slot);
        entry = slot.ToEntry();
        return true;
    }

    // Seeded per process: a client that chooses keys cannot aim at one bucket.
    private static uint Hash(ReadOnlySpan<byte> key)
    {
        var hash = default(HashCode);
        hash.AddBytes(key);
        return (uint)hash.ToHashCode();
    }

    private int Find(ReadOnlySpan<byte> key, uint hash)
    {
        for (var i = Bucket(hash); i != None; i = SlotAt(i).Next)
        {
            ref var slot = ref SlotAt(i);
            if (slot.Hash == hash && KeyOf(slot).SequenceEqual(key))
            {
                return i;
            }
        }

        return None;
    }

    private ref Slot SlotAt(int number) => ref _slots[number >> ChunkBits][number & (ChunkSize - 1)];

    private Span<byte> KeyOf(in Slot slot) => _keys.Get(slot.KeyAddress, slot.KeyLength);

    // Buckets below the one to split next have been split already and use one bit more of the hash.
    private ref int Bucket(uint hash)
    {
        var number = hash & ((_mask << 1) | 1);
        return ref BucketAt((int)(number < (uint)_bucketCount ? number : hash & _mask));
    }

    private ref int BucketAt(int number) => ref _buckets[number >> ChunkBits][number & (ChunkSize - 1)];

    private int TakeSlot()
    {
        if (_firstFree != None)
        {
            var free = _firstFree;
            _firstFree = SlotAt(free).Next;
            return free;
        }

        if (_slotsUsed == _slots.Count * ChunkSize)
        {
            _slots.Add(new Slot[ChunkSize]);
        }

        return _slotsUsed++;
    }

    private void Grow()
    {
        var added = _bucketCount;
        if (added == _buckets.Count * ChunkSize)
        {
            AddBucketChunk();
        }

        // The bucket to split is the new one's number without its highest bit.
        var split = added & (int)_mask;
        _bucketCount++;
        ref var kept = ref BucketAt(split);
        ref var moved = ref BucketAt(added);
        var chain = kept;
        (kept, moved) = (None, None);
        while (chain != None)
        {
            ref var slot = ref SlotAt(chain);
            var next = slot.Next;
            ref var target = ref (slot.Hash & ((_mask << 1) | 1)) == (uint)added ? ref moved : ref kept;
            slot.Next = target;
            target = chain;
            chain = next;
        }

        if (_bucketCount == (_mask + 1) * 2)
        {
            _mask = (_mask << 1) | 1;
        }
    }

    private void AddBucketChunk()
    {
        var chunk = new int[ChunkSize];
        chunk.AsSpan().Fill(None);
        _buckets.Add(chunk);
    }

    // 48 bytes. A file number of 0 marks a free slot.
    private struct Slot
    {
        public ulong Sequence;
        public uint PositionUnits;
        public int File;
        public uint Length;
        public uint Crc;
        public int OldestFile;
        public uint KeyAddress;
        public uint Hash;
        public int Next;
        public ushort KeyLength;
        public bool IsDamaged;

        public void Assign(in ObjectEntry entry)
        {
            Invariant.Check(entry.File > 0 && entry.Position % RecordHead.Alignment == 0);
            Sequence = entry.Sequence;
            PositionUnits = checked((uint)(entry.Position / RecordHead.Alignment));
            File = entry.File;
            Length = entry.Length;
            Crc = entry.Crc;
            OldestFile = entry.OldestFile;
            IsDamaged = entry.IsDamaged;
        }

        public readonly ObjectEntry ToEntry()
            => new(Sequence, File, (long)PositionUnits * RecordHead.Alignment, Length, Crc, OldestFile, IsDamaged);
    }
}
