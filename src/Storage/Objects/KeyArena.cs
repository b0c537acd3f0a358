using System.Runtime.InteropServices;

namespace Loire.Storage.Objects;

/// <summary>
/// The keys of the index in a few large arrays, so that a million keys cost the garbage collector nothing. A key takes a multiple of 8
/// bytes; the space of a removed key is reused by the next one of the same size.
/// </summary>
internal sealed class KeyArena
{
    private const int Unit = 8;
    private const int ChunkBytes = 1 << 20;
    private const uint UnitsPerChunk = ChunkBytes / Unit;
    private readonly List<byte[]> _chunks = [];
    private readonly List<uint> _freeBySize = [];
    private uint _used = UnitsPerChunk;

    /// <summary>Bytes of memory held.</summary>
    public long Bytes => (long)_chunks.Count * ChunkBytes;

    /// <summary>Copies a key in.</summary>
    /// <returns>Its address.</returns>
    public uint Add(ReadOnlySpan<byte> key)
    {
        var units = UnitsOf(key.Length);
        uint address;
        if (units < _freeBySize.Count && _freeBySize[units] != 0)
        {
            // Addresses on the free list are incremented by one, so that 0 ends it.
            address = _freeBySize[units] - 1;
            _freeBySize[units] = MemoryMarshal.Read<uint>(Get(address, Unit));
        }
        else
        {
            if (_used + units > UnitsPerChunk)
            {
                _chunks.Add(GC.AllocateUninitializedArray<byte>(ChunkBytes));
                _used = 0;
            }

            address = ((uint)(_chunks.Count - 1) * UnitsPerChunk) + _used;
            _used += (uint)units;
        }

        key.CopyTo(Get(address, key.Length));
        return address;
    }

    /// <summary>The memory of a key.</summary>
    public Span<byte> Get(uint address, int length)
        => _chunks[(int)(address / UnitsPerChunk)].AsSpan((int)(address % UnitsPerChunk) * Unit, length);

    /// <summary>Frees the space of a key.</summary>
    public void Remove(uint address, int length)
    {
        var units = UnitsOf(length);
        while (_freeBySize.Count <= units)
        {
            _freeBySize.Add(0);
        }

        MemoryMarshal.Write(Get(address, Unit), _freeBySize[units]);
        _freeBySize[units] = address + 1;
    }

    private static int UnitsOf(int length) => Math.Max(1, (length + Unit - 1) / Unit);
}
