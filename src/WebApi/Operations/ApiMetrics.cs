using System.Diagnostics.Metrics;
using Loire.Grains.Interfaces.Partitions;

namespace Loire.WebApi.Operations;

/// <summary>What the edge counts. Counted once for each batch or page, not for each record.</summary>
internal sealed class ApiMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _produced;
    private readonly Counter<long> _fetched;
    private readonly UpDownCounter<long> _tails;

    public ApiMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Loire.WebApi");
        _produced = _meter.CreateCounter<long>("loire.http.produced.records", null, "Records that were accepted over HTTP.");
        _fetched = _meter.CreateCounter<long>("loire.http.fetched.bytes", "By", "Bytes of record batches that were read for HTTP clients.");
        _tails = _meter.CreateUpDownCounter<long>("loire.http.tails.active", null, "Live tails that are open.");
    }

    public void Produced(long records) => _produced.Add(records);

    public void Fetched(FetchResult? result)
    {
        long bytes = 0;
        foreach (var piece in result?.Batches ?? [])
        {
            bytes += piece.Length;
        }

        _fetched.Add(bytes);
    }

    public void TailOpened() => _tails.Add(1);

    public void TailClosed() => _tails.Add(-1);

    public void Dispose() => _meter.Dispose();
}
