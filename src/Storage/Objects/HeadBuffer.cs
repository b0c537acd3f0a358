using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>Collects the heads of records for the next block of the file of keys.</summary>
internal sealed class HeadBuffer
{
    private byte[] _bytes = new byte[4096];
    private int _length = KeyBlock.HeaderSize;

    /// <summary>Bytes of heads collected.</summary>
    public int Length => _length - KeyBlock.HeaderSize;

    /// <summary>Adds a header and its key.</summary>
    public void Add(ReadOnlySpan<byte> head)
    {
        var padded = (int)RecordHead.Align(head.Length);
        if (_length + padded > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + padded));
        }

        head.CopyTo(_bytes.AsSpan(_length));
        _bytes.AsSpan(_length + head.Length, padded - head.Length).Clear();
        _length += padded;
    }

    /// <summary>Takes the heads as a block and clears the buffer; the block is valid until the next <see cref="Add"/>.</summary>
    public ReadOnlyMemory<byte> Take(long durableEnd, uint seed)
    {
        KeyBlock.WriteHeader(_bytes.AsSpan(0, _length), durableEnd, seed);
        var block = _bytes.AsMemory(0, _length);
        DiscardFrom(0);
        return block;
    }

    /// <summary>Removes what was added after the first <paramref name="length"/> bytes.</summary>
    public void DiscardFrom(int length) => _length = KeyBlock.HeaderSize + length;
}
