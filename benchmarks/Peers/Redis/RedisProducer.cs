using System.Text;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Redis;

/// <summary>XADD with one field; replies come in the order of the commands.</summary>
internal sealed class RedisProducer(Wire wire, Work work, string key) : WireProducer(wire)
{
    private readonly byte[] _command = Encoding.ASCII.GetBytes(
        $"*5\r\n$4\r\nXADD\r\n${key.Length}\r\n{key}\r\n$1\r\n*\r\n$1\r\nv\r\n${work.RecordBytes}\r\n");

    protected override void Add(int number)
    {
        Wire.Write(_command);
        work.Payload.Write(number, Wire.Reserve(work.RecordBytes));
        Wire.Write("\r\n"u8);
    }

    protected override async Task ReceiveAsync(InFlight flight, int count, CancellationToken cancellation)
    {
        while (flight.Acknowledged < count)
        {
            await Wire.ReceiveAsync(cancellation);
            flight.AcknowledgedUpTo(flight.Acknowledged + Resp.TakeReplies(Wire));
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
        while (Resp.TakeReplies(Wire) == 0);
    }
}
