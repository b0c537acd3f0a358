using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace Loire.WebApi.Tests;

/// <summary>What a client does with content codings.</summary>
public static class Coding
{
    public static IReadOnlyList<string> All { get; } = ["gzip", "br", "zstd"];

    public static byte[] Encode(string coding, string text) => Encode(coding, Encoding.UTF8.GetBytes(text));

    public static byte[] Encode(string coding, byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var encoder = Encoder(coding, target))
        {
            encoder.Write(bytes);
        }

        return target.ToArray();
    }

    /// <summary>A stream that compresses into another; a flush makes what was written decodable.</summary>
    public static Stream Encoder(string coding, Stream target) => coding switch
    {
        "gzip" or "x-gzip" => new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true),
        "br" => new BrotliStream(target, CompressionLevel.Fastest, leaveOpen: true),
        _ => new CompressionStream(target, 3, leaveOpen: true),
    };

    public static byte[] Decode(string coding, byte[] bytes)
    {
        using var source = new MemoryStream(bytes);
        using Stream decoder = coding switch
        {
            "gzip" => new GZipStream(source, CompressionMode.Decompress),
            "br" => new BrotliStream(source, CompressionMode.Decompress),
            _ => new DecompressionStream(source),
        };
        using var target = new MemoryStream();
        decoder.CopyTo(target);
        return target.ToArray();
    }
}
