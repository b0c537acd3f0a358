using System.Buffers.Text;
using System.Text;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Nats;

/// <summary>
/// A publish with an inbox of its own for each record, as NATS' clients do it. A stream acknowledges what one connection publishes in its order; each
/// acknowledgement is held against the number it has to have.
/// </summary>
internal sealed class NatsProducer(NatsConnection connection, Work work, string subject) : WireProducer(connection.Wire)
{
    private readonly byte[] _command = Encoding.ASCII.GetBytes($"PUB {subject} {connection.Inbox}");
    private readonly byte[] _length = Encoding.ASCII.GetBytes($" {work.RecordBytes}\r\n");
    private int _published;
    private int _acknowledged;

    protected override void Add(int number)
    {
        Span<byte> digits = stackalloc byte[10];
        Utf8Formatter.TryFormat(_published++, digits, out var length);
        Wire.Write(_command);
        Wire.Write(digits[..length]);
        Wire.Write(_length);
        work.Payload.Write(number, Wire.Reserve(work.RecordBytes));
        Wire.Write("\r\n"u8);
    }

    protected override async Task ReceiveAsync(InFlight flight, int count, CancellationToken cancellation)
    {
        while (flight.Acknowledged < count)
        {
            await Wire.ReceiveAsync(cancellation);
            flight.AcknowledgedUpTo(flight.Acknowledged + TakeAcknowledgements());
        }
    }

    protected override async ValueTask SendOneAsync(int number)
    {
        Add(number);
        await Wire.FlushAsync(default);
        do
        {
            await Wire.ReceiveAsync(default);
        }
        while (TakeAcknowledgements() == 0);
    }

    private int TakeAcknowledgements()
    {
        var before = _acknowledged;
        while (connection.TryTakeMessage(out var head, out var payload))
        {
            var inbox = head[(head.IndexOf((byte)' ') + 1 + connection.Inbox.Length)..];
            if (!payload.StartsWith("{\"stream\":"u8) || !Utf8Parser.TryParse(inbox, out int number, out _) || number != _acknowledged)
            {
                throw new InvalidDataException($"JetStream answered {Encoding.UTF8.GetString(head)} {Encoding.UTF8.GetString(payload)}");
            }

            _acknowledged++;
        }

        return _acknowledged - before;
    }
}
