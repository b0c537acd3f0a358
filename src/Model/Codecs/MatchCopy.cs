namespace Loire.Model.Codecs;

/// <summary>Repeats earlier output, the one thing that LZ4 and Snappy decoders do besides copying literals.</summary>
internal static class MatchCopy
{
    /// <summary>
    /// Writes <paramref name="length"/> bytes at <paramref name="position"/>, taken from <paramref name="offset"/> bytes before. The two
    /// may overlap: then what is written is repeated. The caller has checked that both lie in the buffer.
    /// </summary>
    public static void Repeat(Span<byte> buffer, int position, int offset, int length)
    {
        // A copy of constant length is a few instructions; what it writes too much is overwritten next, or lies outside what counts.
        if (offset >= 16 && length <= 16 && buffer.Length - position >= 16)
        {
            buffer.Slice(position - offset, 16).CopyTo(buffer.Slice(position, 16));
            return;
        }

        if (offset >= length)
        {
            buffer.Slice(position - offset, length).CopyTo(buffer.Slice(position, length));
            return;
        }

        if (offset == 1)
        {
            buffer.Slice(position, length).Fill(buffer[position - 1]);
            return;
        }

        // The pattern doubles with each step, since what was just written belongs to it.
        var from = position - offset;
        var to = buffer.Slice(position, length);
        while (to.Length > 0)
        {
            var count = Math.Min(position - from, to.Length);
            buffer.Slice(from, count).CopyTo(to);
            to = to[count..];
            position += count;
        }
    }
}
