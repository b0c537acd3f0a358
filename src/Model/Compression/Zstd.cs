using System.Buffers;
using System.Collections.Concurrent;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Loire.Model.Compression;

/// <summary>
/// Zstandard (RFC 8878), coded by ZstdSharp: record batches as a whole, HTTP bodies as streams. Contexts are expensive to create and not
/// thread-safe, so idle ones are pooled for batches.
/// </summary>
public static class Zstd
{
    // Kafka's default level.
    private const int Level = 3;

    // A stream's state is held until its reader has taken everything, so the level with the smallest one: about 1 MiB.
    private const int StreamLevel = 1;

    // zstd's own default, and the window of its highest level: 128 MiB. Frames with larger windows are refused. A window is only reserved
    // address space until output fills it, so the bound on output also bounds its memory.
    private const int MaxWindowLog = 27;

    // A pooled context retains its window, filled up to the size of its largest output.
    private const int MaxPooledOutput = 4 * 1024 * 1024;

    private const int Chunk = 128 * 1024;

    private static readonly int MaxIdle = Environment.ProcessorCount;
    private static readonly ConcurrentQueue<Compressor> Compressors = new();
    private static readonly ConcurrentQueue<Decompressor> Decompressors = new();

    internal static ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        var context = Decompressors.TryDequeue(out var idle) ? idle : CreateDecompressor();
        var error = Decode(context, source, output);

        // After an error, a context is still inside a frame.
        Return(Decompressors, context, isReusable: error == ErrorCode.None && output.Length <= MaxPooledOutput);
        return error;
    }

    internal static void Encode(ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        output.Reserve(MaxEncoded(data.Length));
        var context = Compressors.TryDequeue(out var idle) ? idle : new Compressor(Level);
        output.Advance(context.Wrap(data, output.Free));
        Return(Compressors, context, isReusable: true);
    }

    /// <summary>An upper bound on the compressed size of <paramref name="length"/> bytes.</summary>
    internal static int MaxEncoded(int length) => Compressor.GetCompressBound(length);

    /// <summary>
    /// A stream that compresses what is written to it into <paramref name="target"/>, which stays open. A flush makes everything written so far
    /// decodable; disposal ends the frame.
    /// </summary>
    public static Stream Compress(Stream target) => new CompressionStream(target, StreamLevel, leaveOpen: true);

    private static ErrorCode Decode(Decompressor context, ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        while (output.TryMakeRoom(Chunk))
        {
            Span<byte> free = output.Free;
            var status = context.UnwrapStream(source, free, out var consumed, out var written);
            source = source[consumed..];
            output.Advance(written);
            switch (status)
            {
                case OperationStatus.Done:
                    return output.IsOverBound ? ErrorCode.MessageTooLarge : ErrorCode.None;
                case OperationStatus.InvalidData:
                    return ErrorCode.CorruptMessage;
                case OperationStatus.NeedMoreData when written < free.Length:
                    // The input ends before its frame does.
                    return ErrorCode.CorruptMessage;
            }
        }

        return ErrorCode.MessageTooLarge;
    }

    internal static Decompressor CreateDecompressor(int maxWindowLog = MaxWindowLog)
    {
        var context = new Decompressor();
        context.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, maxWindowLog);
        return context;
    }

    private static void Return<T>(ConcurrentQueue<T> pool, T context, bool isReusable)
        where T : IDisposable
    {
        if (isReusable && pool.Count < MaxIdle)
        {
            pool.Enqueue(context);
        }
        else
        {
            context.Dispose();
        }
    }
}

/// <summary>Decodes a stream of zstd frames piece by piece; not thread-safe.</summary>
/// <param name="maxWindowLog">
/// The largest window as a power of two, from 10 to 27: the most memory that a frame can demand. A frame with a larger one is invalid.
/// </param>
public sealed class ZstdDecoder(int maxWindowLog) : IDisposable
{
    private readonly Decompressor _context = Zstd.CreateDecompressor(maxWindowLog);

    /// <summary>
    /// Decodes as much as fits. <see cref="OperationStatus.Done"/> at the end of a frame, which another one may follow;
    /// <see cref="OperationStatus.NeedMoreData"/> may leave output behind if <paramref name="destination"/> was filled.
    /// </summary>
    public OperationStatus Decode(ReadOnlySpan<byte> source, Span<byte> destination, out int consumed, out int written) =>
        _context.UnwrapStream(source, destination, out consumed, out written);

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();
}
