using Loire.Model;

namespace Loire.Cli.Bench;

/// <summary>The work of one <c>loire bench</c>.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="PartitionsCount">The number of partitions of the topic.</param>
/// <param name="Records">Records to produce.</param>
/// <param name="RecordBytes">Bytes of each value.</param>
/// <param name="BatchRecords">Records in each batch, which is one request.</param>
/// <param name="Concurrency">Requests in flight.</param>
/// <param name="Acks">0, 1 or all.</param>
/// <param name="Compression">How batches are compressed.</param>
/// <param name="Seed">Seed of the values' bytes.</param>
internal sealed record BenchSettings(
    string Topic, int PartitionsCount, long Records, int RecordBytes, int BatchRecords, int Concurrency, string Acks,
        CompressionType Compression, int Seed);

/// <summary>The result of one phase.</summary>
/// <param name="Records">Records produced or consumed.</param>
/// <param name="Bytes">Bytes of their values.</param>
/// <param name="Elapsed">Time from the first request to the last response.</param>
/// <param name="Latencies">A duration for each request.</param>
internal sealed record BenchResult(long Records, long Bytes, TimeSpan Elapsed, LatencyHistogram Latencies)
{
    public double RecordsPerSecond => Elapsed > TimeSpan.Zero ? Records / Elapsed.TotalSeconds : 0;

    public double MegabytesPerSecond => Elapsed > TimeSpan.Zero ? Bytes / 1e6 / Elapsed.TotalSeconds : 0;
}
