using Loire.Storage.Benchmarks;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>What is measured.</summary>
internal static class Works
{
    // A turn takes a second or a few, and every count can be divided by the number of producers.
    public static IEnumerable<Work> All(int percent) =>
        from isBatched in new[] { true, false }
        from bytes in new[] { 1_024, 100 }
        from streams in new[] { 1, 16 }
        let records = !isBatched ? (streams == 1 ? 2_000 : 8_000) : bytes == 100 ? 480_000 : 96_000
        select new Work(bytes, streams, isBatched, Math.Max(256, records * percent / 100 / 256 * 256));

    /// <summary>What a lone 4 KB write and its fdatasync take on this disk now: median and 99th percentile, in microseconds.</summary>
    public static (double Median, double P99) BareSync(string directory)
    {
        using var bare = new Bare(directory);
        var block = new byte[4_096];
        var took = Enumerable.Range(0, 1_000).Select(_ => bare.WriteAndSync([block]).TotalMicroseconds).Order().ToArray();
        return (took[500], took[990]);
    }
}
