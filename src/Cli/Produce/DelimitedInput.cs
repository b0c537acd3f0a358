namespace Loire.Cli.Produce;

/// <summary>
/// Splits a stream at a delimiter. Buffers at most one piece and what was read with it. A last piece without a delimiter counts, unless it
/// is empty.
/// </summary>
internal sealed class DelimitedInput(Stream source, byte[] delimiter, int maxBytes)
{
    private const int FirstBuffer = 128 * 1024;

    private byte[] _buffer = new byte[FirstBuffer];
    private int _start;
    private int _end;
    private int _scanned;
    private bool _hasEnded;
    private bool _isTaken;

    /// <summary>Whether the next piece exceeds the bound; no more pieces can be taken.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>Takes the next piece if it is buffered. It is valid until <see cref="FillAsync"/>.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> piece)
    {
        var at = _buffer.AsSpan(_start + _scanned, _end - _start - _scanned).IndexOf(delimiter);
        var (length, taken) = at >= 0 ? (_scanned + at, _scanned + at + delimiter.Length) : (_end - _start, _end - _start);
        IsTooLong = length > maxBytes;
        if (IsTooLong || (at < 0 && !(_hasEnded && length > 0)))
        {
            // The buffer may end within a delimiter.
            _scanned = Math.Max(0, length - delimiter.Length + 1);
            piece = default;
            return false;
        }

        piece = _buffer.AsMemory(_start, length);
        _start += taken;
        _scanned = 0;
        return true;
    }

    /// <summary>Takes the whole input once it has ended; even an empty input is a piece.</summary>
    public bool TryTakeRest(out ReadOnlyMemory<byte> piece)
    {
        IsTooLong = _end - _start > maxBytes;
        piece = _buffer.AsMemory(_start, _end - _start);
        if (IsTooLong || !_hasEnded || _isTaken)
        {
            return false;
        }

        _isTaken = true;
        _start = _end;
        return true;
    }

    /// <summary>Reads more input.</summary>
    /// <returns>False if the end had already been reached.</returns>
    public async Task<bool> FillAsync()
    {
        if (_hasEnded)
        {
            return false;
        }

        MakeRoom();
        var read = await source.ReadAsync(_buffer.AsMemory(_end));
        _hasEnded = read == 0;
        _end += read;
        return true;
    }

    private void MakeRoom()
    {
        var held = _buffer.AsSpan(_start, _end - _start);
        if (held.Length > _buffer.Length / 2)
        {
            var larger = new byte[2 * _buffer.Length];
            held.CopyTo(larger);
            _buffer = larger;
        }
        else if (_start > 0)
        {
            held.CopyTo(_buffer);
        }

        (_start, _end) = (0, held.Length);
    }
}
