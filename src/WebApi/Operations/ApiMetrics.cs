using System.Diagnostics.Metrics;
using Loire.Grains.Interfaces.Partitions;

namespace Loire.WebApi.Operations;

/// <summary>
/// The instruments of the HTTP API, in the meter <c>Loire.WebApi</c>: what ASP.NET's own instruments of requests and connections do not
/// know. Counted once for each batch or page, not for each record.
/// </summary>
internal sealed class ApiMetrics
{
    private readonly Counter<long> _produced;
    private readonly Counter<long> _fetched;
    private readonly UpDownCounter<long> _tails;

    public ApiMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Loire.WebApi");
        _produced = meter.CreateCounter<long>("loire.http.produce.records", "{record}", "Records accepted over HTTP.");
        _fetched = meter.CreateCounter<long>("loire.http.fetch.size", "By", "Bytes of record batches read for HTTP clients.");
        _tails = meter.CreateUpDownCounter<long>("loire.http.tails", "{tail}", "Open live tails.");
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
}
