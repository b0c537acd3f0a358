using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Loire;

/// <summary>
/// A produce over HTTP/1.1. Batched: one POST with a chunked body that goes on as long as there are records, whose acknowledgements come back as lines
/// meanwhile. One by one: a POST for each record, on the same connection.
/// </summary>
internal abstract class HttpProducer(Wire wire, Work work, string path, string mediaType) : WireProducer(wire)
{
    private readonly byte[] _single = Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"POST {path} HTTP/1.1\r\nHost: loire\r\nContent-Type: application/octet-stream\r\nContent-Length: {work.RecordBytes}\r\n\r\n"));

    private bool _isOpen;

    protected Work Work => work;

    /// <summary>Writes the head of the request before its first chunk.</summary>
    protected void Open()
    {
        if (!_isOpen)
        {
            _isOpen = true;
            Wire.Write(Encoding.ASCII.GetBytes(
                $"POST {path} HTTP/1.1\r\nHost: loire\r\nContent-Type: {mediaType}\r\nAccept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"));
        }
    }

    protected void WriteChunk(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 0)
        {
            Span<byte> length = stackalloc byte[8];
            Utf8Formatter.TryFormat(bytes.Length, length, out var digits, new StandardFormat('x'));
            Wire.Write(length[..digits]);
            Wire.Write("\r\n"u8);
            Wire.Write(bytes);
            Wire.Write("\r\n"u8);
        }
    }

    protected override ValueTask FinishAsync(CancellationToken cancellation)
    {
        Wire.Write("0\r\n\r\n"u8);
        return Wire.FlushAsync(cancellation);
    }

    // The lines of JSON are looked for among those of the chunked encoding: each is written whole, and no other line begins with a brace.
    protected override async Task ReceiveAsync(InFlight flight, int count, CancellationToken cancellation)
    {
        var isDone = false;
        while (!isDone)
        {
            await Wire.ReceiveAsync(cancellation);
            var acknowledged = flight.Acknowledged;
            while (Wire.TryTakeLine(out var line))
            {
                if (line.StartsWith("HTTP/1.1 "u8) ? !line.StartsWith("HTTP/1.1 200"u8) : line.StartsWith("{\"type\":\"error\""u8))
                {
                    throw new InvalidDataException($"Loire answered {Encoding.UTF8.GetString(line)}");
                }

                if (line.StartsWith("{"u8))
                {
                    acknowledged = Math.Max(acknowledged, Number(line, "\"acknowledged\":"u8));
                    isDone |= line.StartsWith("{\"type\":\"done\""u8);
                }
            }

            flight.AcknowledgedUpTo(acknowledged);
        }

        if (flight.Acknowledged != count)
        {
            throw new InvalidDataException($"Loire acknowledged {flight.Acknowledged} of {count} records.");
        }
    }

    protected override async ValueTask SendOneAsync(int number)
    {
        Wire.Write(_single);
        work.Payload.Write(number, Wire.Reserve(work.RecordBytes));
        await Wire.FlushAsync(default);
        do
        {
            await Wire.ReceiveAsync(default);
        }
        while (!Wire.Received.EndsWith("0\r\n\r\n"u8));
        if (!Wire.Received.StartsWith("HTTP/1.1 200"u8))
        {
            throw new InvalidDataException($"Loire answered {Encoding.UTF8.GetString(Wire.Received)}");
        }

        Wire.Take(Wire.Received.Length);
    }

    private static int Number(ReadOnlySpan<byte> line, ReadOnlySpan<byte> member)
    {
        var at = line.IndexOf(member);
        return at >= 0 && Utf8Parser.TryParse(line[(at + member.Length)..], out int number, out _) ? number : 0;
    }
}
