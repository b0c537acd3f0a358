using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Loire;

/// <summary>A record is a line; the server makes the batches. What is sent at once is one chunk.</summary>
internal sealed class HttpTextProducer(Wire wire, Work work, string path) : HttpProducer(wire, work, path, "text/plain")
{
    private readonly byte[] _lines = new byte[128 * 1024];
    private int _length;

    protected override int UnsentBytes => _length;

    protected override void Add(int number)
    {
        Work.Payload.Write(number, _lines.AsSpan(_length));
        _lines[_length + Work.RecordBytes] = (byte)'\n';
        _length += Work.RecordBytes + 1;
    }

    protected override ValueTask FlushAsync(CancellationToken cancellation)
    {
        Open();
        WriteChunk(_lines.AsSpan(0, _length));
        _length = 0;
        return Wire.FlushAsync(cancellation);
    }
}
