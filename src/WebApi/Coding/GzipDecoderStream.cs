using System.IO.Compression;

namespace Loire.WebApi.Coding;

/// <summary>
/// Decodes <c>gzip</c> (RFC 1952) with any number of members. <see cref="GZipStream"/> checks each member's checksum but takes a truncated
/// stream for a whole one, and skips whatever follows. Hence it is fed one more member after the end of the source: only if every byte before
/// belongs to whole members does it decode to exactly the content of that one. Throws <see cref="InvalidDataException"/> otherwise.
/// </summary>
internal sealed class GzipDecoderStream : ReadOnlyStream
{
    private static readonly byte[] EndContent = [.. "the source has ended"u8];
    private static readonly byte[] EndMember = Compress(EndContent);

    private readonly Source _source;
    private readonly GZipStream _decoder;
    private int _endSeen;

    public GzipDecoderStream(Stream source)
    {
        _source = new Source(source);
        _decoder = new GZipStream(_source, CompressionMode.Decompress);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var count = await _decoder.ReadAsync(buffer, cancellationToken);

            // Input is read only when all output of the input before was returned, so from here on there is nothing but the last member.
            if (!_source.HasEnded)
            {
                return count > 0 ? count : throw new InvalidDataException();
            }

            if (count == 0)
            {
                return _source.IsEmpty || _endSeen == EndContent.Length ? 0 : throw new InvalidDataException();
            }

            if (!EndContent.AsSpan(_endSeen).StartsWith(buffer.Span[..count]))
            {
                throw new InvalidDataException();
            }

            _endSeen += count;
        }
    }

    protected override void Dispose(bool disposing)
    {
        _decoder.Dispose();
        base.Dispose(disposing);
    }

    private static byte[] Compress(byte[] content)
    {
        using var target = new MemoryStream();
        using (var encoder = new GZipStream(target, CompressionLevel.Fastest))
        {
            encoder.Write(content);
        }

        return target.ToArray();
    }

    /// <summary>The source with the last member behind it.</summary>
    private sealed class Source(Stream source) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _end = EndMember;

        public bool HasEnded { get; private set; }

        public bool IsEmpty { get; private set; } = true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = HasEnded ? 0 : await source.ReadAsync(buffer, cancellationToken);
            IsEmpty &= count == 0;
            HasEnded |= count == 0;
            if (count > 0 || IsEmpty)
            {
                return count;
            }

            count = Math.Min(buffer.Length, _end.Length);
            _end[..count].CopyTo(buffer);
            _end = _end[count..];
            return count;
        }
    }
}
