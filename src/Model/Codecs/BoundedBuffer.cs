using System.Buffers;

namespace Loire.Model.Codecs;

/// <summary>
/// Contiguous bytes that grow as they are written, up to a bound: what a decoder writes to, so that no input decides how much memory it
/// takes. Contiguous, because LZ4 and Snappy copy from what they have written before.
/// </summary>
internal sealed class BoundedBuffer(int maxBytes) : IDisposable
{
    private const int FirstCapacity = 4096;

    // One byte past the bound can be written, so that a streaming decoder finds out that there is more than the bound allows.
    private readonly int _maxCapacity = maxBytes + 1;
    private byte[] _bytes = [];

    public int Length { get; private set; }

    /// <summary>How much may still be written without breaking the bound.</summary>
    public int Remaining => maxBytes - Length;

    public bool IsOverBound => Length > maxBytes;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Everything written and everything reserved; decoders that copy from earlier output index into it.</summary>
    public Span<byte> Whole => _bytes;

    /// <summary>What is reserved and not yet written.</summary>
    public Span<byte> Free => _bytes.AsSpan(Length);

    public void Clear() => Length = 0;

    /// <summary>Makes room for <paramref name="count"/> bytes, which must not exceed <see cref="Remaining"/>.</summary>
    public void Reserve(int count)
    {
        Invariant.Check(count >= 0 && count <= Remaining);
        EnsureCapacity(Length + count);
    }

    /// <summary>
    /// Makes room for a stream's next bytes: at least one, about <paramref name="wanted"/>. False if the bound is broken already.
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
