using System.Buffers;

namespace Loire.Model.Compression;

/// <summary>
/// A growing, pooled, contiguous output buffer with an upper bound, so that the input does not determine how much memory a decoder uses.
/// Contiguous, because LZ4 and Snappy copy from earlier output.
/// </summary>
internal sealed class BoundedBuffer(int maxBytes) : IBufferWriter<byte>, IDisposable
{
    private const int FirstCapacity = 4096;

    // One byte beyond the bound can be written, so that a streaming decoder can detect output that exceeds the bound.
    private readonly int _maxCapacity = maxBytes + 1;
    private byte[] _bytes = [];

    public int Length { get; private set; }

    /// <summary>The number of bytes that still fit within the bound.</summary>
    public int Remaining => maxBytes - Length;

    public bool IsOverBound => Length > maxBytes;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, Length);

    /// <summary>The reserved bytes after <see cref="Written"/>.</summary>
    public ArraySegment<byte> Free => new(_bytes, Length, _bytes.Length - Length);

    public void Clear() => Length = 0;

    /// <summary>Reserves <paramref name="count"/> bytes, which must not exceed <see cref="Remaining"/>.</summary>
    public void Reserve(int count)
    {
        Invariant.Check(count >= 0 && count <= Remaining);
        EnsureCapacity(Length + count);
    }

    /// <summary>
    /// Reserves at least one byte, about <paramref name="wanted"/>, for the next part of a stream. False if the bound is already exceeded.
    /// </summary>
    public bool TryMakeRoom(int wanted)
    {
        if (IsOverBound)
        {
            return false;
        }

        if (Length == _bytes.Length)
        {
            EnsureCapacity((int)Math.Min(_maxCapacity, (long)Length + wanted));
        }

        return true;
    }

    public void Advance(int count)
    {
        Invariant.Check(count >= 0 && count <= _bytes.Length - Length);
        Length += count;
    }

    /// <summary>
    /// Reserves <paramref name="sizeHint"/> bytes and returns exactly those, since Snappier fills all the memory that it gets.
    /// </summary>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(Length, sizeHint);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Returns the memory; the buffer may be used again.</summary>
    public void Dispose()
    {
        Length = 0;
        Return();
        _bytes = [];
    }

    private void EnsureCapacity(int needed)
    {
        if (needed <= _bytes.Length)
        {
            return;
        }

        var capacity = (int)Math.Min(_maxCapacity, Math.Max(needed, Math.Max(FirstCapacity, 2L * _bytes.Length)));
        var larger = ArrayPool<byte>.Shared.Rent(capacity);
        Written.CopyTo(larger);
        Return();
        _bytes = larger;
    }

    private void Return()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }
}
