using static Loire.Model.Codecs.ZstdLibrary;

namespace Loire.Model.Codecs;

/// <summary>
/// Zstandard by the system's libzstd. One instance keeps the library's contexts, which are costly to make; used by one thread at a time.
/// </summary>
internal sealed unsafe class Zstd : IDisposable
{
    // Kafka's default level.
    private const int Level = 3;

    // The library's own default, and what its highest level writes: 128 MiB. A window is address space until output fills it, and the
    // bound on the output holds before that. A frame that asks for more is refused.
    private const int MaxWindowLog = 27;

    private const int ResetSessionOnly = 1;
    private const int Chunk = 128 * 1024;

    private Compressor? _compressor;
    private Decompressor? _decompressor;

    public static bool IsAvailable => IsPresent;

    /// <summary>The most that <paramref name="length"/> bytes can encode to.</summary>
    public static int MaxEncoded(int length) => (int)ZSTD_compressBound((nuint)length);

    public ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        if (_decompressor is null)
        {
            _decompressor = new Decompressor();
            Invariant.Check(!_decompressor.IsInvalid, "libzstd makes a context");
            var result = ZSTD_DCtx_setParameter(_decompressor, WindowLogMax, MaxWindowLog);
            Invariant.Check(ZSTD_isError(result) == 0, "libzstd knows the window limit");
        }

        // A batch before this one may have ended in the middle of a frame.
        ZSTD_DCtx_reset(_decompressor, ResetSessionOnly);
        fixed (byte* start = source)
        {
            var input = new ZstdLibrary.Buffer { Start = start, Size = (nuint)source.Length };
            while (output.TryMakeRoom(Chunk))
            {
                nuint hint;
                bool isFull;
                fixed (byte* free = output.Free)
                {
                    var to = new ZstdLibrary.Buffer { Start = free, Size = (nuint)output.Free.Length };
                    hint = ZSTD_decompressStream(_decompressor, &to, &input);
                    isFull = to.Position == to.Size;
                    output.Advance((int)to.Position);
                }

                if (ZSTD_isError(hint) != 0)
                {
                    return ErrorCode.CorruptMessage;
                }

                if (hint == 0 && input.Position == input.Size)
                {
                    return output.IsOverBound ? ErrorCode.MessageTooLarge : ErrorCode.None;
                }

                if (!isFull && input.Position == input.Size)
                {
                    // Nothing is left to read nor to write, and the frame has not ended.
                    return ErrorCode.CorruptMessage;
                }
            }

            return ErrorCode.MessageTooLarge;
        }
    }

    public void Encode(ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        if (_compressor is null)
        {
            _compressor = new Compressor();
            Invariant.Check(!_compressor.IsInvalid, "libzstd makes a context");
            var result = ZSTD_CCtx_setParameter(_compressor, CompressionLevel, Level);
            Invariant.Check(ZSTD_isError(result) == 0, "libzstd knows the level");
        }

        output.Reserve(MaxEncoded(data.Length));
        fixed (byte* source = data)
        fixed (byte* free = output.Free)
        {
            var size = ZSTD_compress2(_compressor, free, (nuint)output.Free.Length, source, (nuint)data.Length);
            Invariant.Check(ZSTD_isError(size) == 0, "libzstd compresses into the room that it asked for");
            output.Advance((int)size);
        }
    }

    public void Dispose()
    {
        _compressor?.Dispose();
        _decompressor?.Dispose();
        _compressor = null;
        _decompressor = null;
    }
}
