using System.Runtime.InteropServices;

namespace Loire.Model.Codecs;

/// <summary>
/// The part of the system's libzstd that <see cref="Zstd"/> calls (stable since 1.4). Nothing here is called unless
/// <see cref="IsPresent"/>.
/// </summary>
internal static unsafe partial class ZstdLibrary
{
    public const int CompressionLevel = 100;
    public const int WindowLogMax = 100;

    private const string Name = "libzstd.so.1";

    public static bool IsPresent { get; } = NativeLibrary.TryLoad(Name, out _);

    [LibraryImport(Name)]
    public static partial nint ZSTD_createCCtx();

    [LibraryImport(Name)]
    public static partial nuint ZSTD_freeCCtx(nint context);

    [LibraryImport(Name)]
    public static partial nuint ZSTD_CCtx_setParameter(Compressor context, int parameter, int value);

    [LibraryImport(Name)]
    public static partial nuint ZSTD_compress2(Compressor context, byte* destination, nuint capacity, byte* source, nuint size);

    [LibraryImport(Name)]
    public static partial nuint ZSTD_compressBound(nuint size);

    [LibraryImport(Name)]
    public static partial nint ZSTD_createDCtx();

    [LibraryImport(Name)]
    public static partial nuint ZSTD_freeDCtx(nint context);

    [LibraryImport(Name)]
    public static partial nuint ZSTD_DCtx_setParameter(Decompressor context, int parameter, int value);

    [LibraryImport(Name)]
    public static partial nuint ZSTD_DCtx_reset(Decompressor context, int directive);

    [LibraryImport(Name)]
    public static partial nuint ZSTD_decompressStream(Decompressor context, Buffer* output, Buffer* input);

    [LibraryImport(Name)]
    public static partial uint ZSTD_isError(nuint result);

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public byte* Start;
        public nuint Size;
        public nuint Position;
    }

    /// <summary>A ZSTD_CCtx.</summary>
    public sealed class Compressor : SafeHandle
    {
        public Compressor()
            : base(0, ownsHandle: true) => SetHandle(ZSTD_createCCtx());

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => ZSTD_isError(ZSTD_freeCCtx(handle)) == 0;
    }

    /// <summary>A ZSTD_DCtx.</summary>
    public sealed class Decompressor : SafeHandle
    {
        public Decompressor()
            : base(0, ownsHandle: true) => SetHandle(ZSTD_createDCtx());

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => ZSTD_isError(ZSTD_freeDCtx(handle)) == 0;
    }
}
