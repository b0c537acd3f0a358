using System.Buffers;
using System.Collections.Concurrent;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Loire.Model.Compression;

/// <summary>
/// Zstandard (RFC 8878), coded by ZstdSharp. Contexts are expensive to create and not thread-safe, so idle ones are pooled.
/// </summary>
internal static class Zstd
{
    // Kafka's default level.
    private const int Level = 3;

    // zstd's own default, and the window of its highest level: 128 MiB. Frames with larger windows are refused. A window is only reserved
    // address space until output fills it, so the bound on output also bounds its memory.
    private const int MaxWindowLog = 27;

    // A pooled context retains its window, filled up to the size of its largest output.
    private const int MaxPooledOutput = 4 * 1024 * 1024;

    private const int Chunk = 128 * 1024;

    private static readonly int MaxIdle = Environment.ProcessorCount;
    private static readonly ConcurrentQueue<Compressor> Compressors = new();
    private static readonly ConcurrentQueue<Decompressor> Decompressors = new();

    public static ErrorCode Decode(ReadOnlySpan<byte> source, BoundedBuffer output)
    {
        var context = Decompressors.TryDequeue(out var idle) ? idle : CreateDecompressor();
        var error = Decode(context, source, output);

        // After an error, a context is still inside a frame.
        Return(Decompressors, context, isReusable: error == ErrorCode.None && output.Length <= MaxPooledOutput);
        return error;
    }

    public static void Encode(ReadOnlySpan<byte> data, BoundedBuffer output)
    {
        output.Reserve(MaxEncoded(data.Length));
        var context = Compressors.TryDequeue(out var idle) ? idle : new Compressor(Level);
        output.Advance(context.Wrap(data, output.Free));
        Return(Compressors, context, isReusable: true);
    }

    /// <summary>An upper bound on the compressed size of <paramref name="length"/> bytes.</summary>
    public static int MaxEncoded(int length) => Compressor.GetCompressBound(length);

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

    private static Decompressor CreateDecompressor()
    {
        var context = new Decompressor();
        context.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, MaxWindowLog);
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
