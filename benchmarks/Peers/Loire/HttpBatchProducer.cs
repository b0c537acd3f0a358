using Loire.Model;
using Loire.Model.Batches;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Loire;

/// <summary>Records become Kafka record batches here, as in any Kafka client; what is sent at once is one batch and one chunk.</summary>
internal sealed class HttpBatchProducer(Wire wire, Work work, string path) : HttpProducer(wire, work, path, MediaType)
{
    public const string MediaType = "application/vnd.loire.record-batches";

    private readonly RecordBatchBuilder _batch = new();
    private readonly byte[] _value = new byte[work.RecordBytes];

    protected override int UnsentBytes => _batch.SizeInBytes;

    protected override void Add(int number)
    {
        Work.Payload.Write(number, _value);
        _batch.Append(Timestamp.From(DateTimeOffset.UtcNow), default, true, _value, false);
    }

    protected override ValueTask FlushAsync(CancellationToken cancellation)
    {
        Open();
        if (_batch.RecordCount > 0)
        {
            WriteChunk(_batch.Build().Span);
        }

        return Wire.FlushAsync(cancellation);
    }
}
