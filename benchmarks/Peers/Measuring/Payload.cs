namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>
/// The values that everyone stores: the number of the record in eight letters, then letters that depend on the number. They are text without a line
/// end, so that one work suits every protocol, and different enough that nothing can be saved by storing one of them twice.
/// </summary>
internal sealed class Payload
{
    private const int Letters = 8;
    private readonly byte[] _pool = new byte[65_536 + 4_096];

    public Payload(int size)
    {
        Size = size;
        var random = new Random(1);
        for (var i = 0; i < _pool.Length; i++)
        {
            _pool[i] = (byte)('a' + random.Next(26));
        }
    }

    public int Size { get; }

    public void Write(int number, Span<byte> to)
    {
        for (var i = 0; i < Letters; i++)
        {
            to[i] = (byte)('A' + ((number >> (4 * i)) & 15));
        }

        Rest(number).CopyTo(to[Letters..]);
    }

    /// <summary>Whether these are the bytes of a record, and of which.</summary>
    public bool TryRead(ReadOnlySpan<byte> value, out int number)
    {
        number = 0;
        if (value.Length != Size)
        {
            return false;
        }

        for (var i = 0; i < Letters; i++)
        {
            number |= (value[i] - 'A') << (4 * i);
        }

        return number >= 0 && value[Letters..].SequenceEqual(Rest(number));
    }

    private ReadOnlySpan<byte> Rest(int number) => _pool.AsSpan((int)((uint)number * 977 % 65_536), Size - Letters);
}
