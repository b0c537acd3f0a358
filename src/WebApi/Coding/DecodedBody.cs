using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Coding;

/// <summary>
/// The decoded body of a request: bounds its length, and turns malformed input into a bad request. Disposal, at the end of the response, waits for
/// a read in flight, because a decoder's memory must not be freed under it.
/// </summary>
internal sealed class DecodedBody : ReadOnlyStream
{
    // The largest window that a decoder of zstd must support here, 8 MiB (RFC 9659).
    private const int ZstdWindowLog = 23;

    private const int Idle = 0;
    private const int Reading = 1;
    private const int Disposing = 2;
    private const int Disposed = 3;

    private readonly Input _input;
    private readonly List<Stream> _decoders = [];
    private readonly string _codings;
    private readonly long? _maxBytes;
    private long _length;
    private int _state;

    /// <summary>Decodes a body.</summary>
    /// <param name="source">The body as it arrives.</param>
    /// <param name="codings">Its codings (<c>gzip</c>, <c>br</c>, <c>zstd</c>) in the order in which they were applied.</param>
    /// <param name="maxBytes">The most decoded bytes; null for no bound.</param>
    public DecodedBody(Stream source, string[] codings, long? maxBytes)
    {
        Stream decoded = _input = new Input(source);
        foreach (var coding in codings.Reverse())
        {
            decoded = coding switch
            {
                "gzip" => new GzipDecoderStream(decoded),
                "br" => new DecoderStream(decoded, new BrotliBlocks()),
                _ => new DecoderStream(decoded, new ZstdBlocks(ZstdWindowLog)),
            };
            _decoders.Add(decoded);
        }

        _codings = string.Join(", ", codings);
        _maxBytes = maxBytes;
    }

    /// <summary>Called whenever bytes arrive, whether or not they decode to anything yet.</summary>
    public Action? Received
    {
        get => _input.Received;
        set => _input.Received = value;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A pipe awaits data by an empty read before it rents memory; here its next read waits instead.
        if (buffer.IsEmpty)
        {
            return 0;
        }

        ObjectDisposedException.ThrowIf(Interlocked.CompareExchange(ref _state, Reading, Idle) != Idle, this);
        try
        {
            var count = await _decoders[^1].ReadAsync(buffer, cancellationToken);
            _length += count;
            return _length > _maxBytes ? throw TooLong(_maxBytes.Value) : count;
        }
        catch (InvalidDataException exception)
        {
            throw new BadHttpRequestException(
                $"The body is malformed or cut: it is not what its Content-Encoding {_codings} says.", StatusCodes.Status400BadRequest, exception);
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _state, Idle, Reading) == Disposing)
            {
                Free();
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.CompareExchange(ref _state, Disposing, Reading) == Idle && Interlocked.CompareExchange(ref _state, Disposed, Idle) == Idle)
        {
            Free();
        }

        base.Dispose(disposing);
    }

    private static BadHttpRequestException TooLong(long maxBytes) => new(
        string.Create(CultureInfo.InvariantCulture, $"The decoded body is too large: at most {maxBytes} bytes are allowed."),
        StatusCodes.Status413PayloadTooLarge);

    private void Free()
    {
        _state = Disposed;
        _decoders.ForEach(decoder => decoder.Dispose());
    }

    /// <summary>The body as it arrives.</summary>
    private sealed class Input(Stream source) : ReadOnlyStream
    {
        public Action? Received { get; set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await source.ReadAsync(buffer, cancellationToken);
            Received?.Invoke();
            return count;
        }
    }
}
