using System.Buffers;
using System.IO.Compression;
using Loire.Model.Compression;

namespace Loire.WebApi.Coding;

/// <summary>
/// Decodes a source piece by piece: received bytes are decoded before it waits for more. Throws <see cref="InvalidDataException"/> if
/// the source is malformed, ends within a block or continues after the last one; an empty source is empty output.
/// </summary>
/// <param name="source">What to decode; not disposed.</param>
/// <param name="blocks">The decoder; this stream owns it.</param>
internal sealed class DecoderStream(Stream source, BlockDecoder blocks) : ReadOnlyStream
{
    private const int InputBytes = 16 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InputBytes);
    private ReadOnlyMemory<byte> _input;
    private bool _isBetweenBlocks = true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var status = blocks.Decode(_input.Span, buffer.Span, out var consumed, out var written);
            _input = _input[consumed..];
            if (status == OperationStatus.InvalidData || (status == OperationStatus.Done && !_input.IsEmpty && !blocks.MayRepeat))
            {
                throw new InvalidDataException();
            }

            _isBetweenBlocks = status == OperationStatus.Done || (_isBetweenBlocks && consumed == 0);
            if (written > 0)
            {
                return written;
            }

            if (!_input.IsEmpty)
            {
                continue;
            }

            var count = await source.ReadAsync(_buffer, cancellationToken);
            if (count == 0)
            {
                return _isBetweenBlocks ? 0 : throw new InvalidDataException();
            }

            _input = _buffer.AsMemory(0, count);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            blocks.Dispose();
        }

        base.Dispose(disposing);
    }
}

/// <summary>Decodes one block after the other of a coding, without input or output of its own.</summary>
internal abstract class BlockDecoder : IDisposable
{
    /// <summary>Whether another block may follow the end of one.</summary>
    public abstract bool MayRepeat { get; }

    /// <summary>Decodes as much as fits; <see cref="OperationStatus.Done"/> at the end of a block.</summary>
    public abstract OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written);

    public abstract void Dispose();
}

/// <summary><c>br</c> (RFC 7932): one block.</summary>
internal sealed class BrotliBlocks : BlockDecoder
{
    // A struct with the state behind a reference: it must not be copied before its first use.
    private BrotliDecoder _decoder;

    public override bool MayRepeat => false;

    public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written) =>
        _decoder.Decompress(source, destination, out consumed, out written);

    public override void Dispose() => _decoder.Dispose();
}

/// <summary><c>zstd</c> (RFC 8878): any number of frames.</summary>
internal sealed class ZstdBlocks(int maxWindowLog) : BlockDecoder
{
    private readonly ZstdDecoder _decoder = new(maxWindowLog);

    public override bool MayRepeat => true;

    public override OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written) =>
        _decoder.Decode(source, destination, out consumed, out written);

    public override void Dispose() => _decoder.Dispose();
}
