using System.Text;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Redis;

/// <summary>XADD with one field; replies come in the order of the commands.</summary>
internal sealed class RedisProducer(Wire wire, Work work, string key) : Producer
{
    private readonly byte[] _command = Encoding.ASCII.GetBytes(
        $"*5\r\n$4\r\nXADD\r\n${key.Length}\r\n{key}\r\n$1\r\n*\r\n$1\r\nv\r\n${work.RecordBytes}\r\n");

    protected override int UnsentBytes => wire.Unsent;

    public override ValueTask DisposeAsync()
    {
        wire.Dispose();
        return default;
    }

    protected override void Add(int number)
    {
        wire.Write(_command);
        work.Payload.Write(number, wire.Reserve(work.RecordBytes));
        wire.Write("\r\n"u8);
    }

    protected override ValueTask FlushAsync(CancellationToken cancellation) => wire.FlushAsync(cancellation);

    protected override async Task ReceiveAsync(InFlight flight, int count, CancellationToken cancellation)
    {
        while (flight.Acknowledged < count)
        {
            await wire.ReceiveAsync(cancellation);
            flight.AcknowledgedUpTo(flight.Acknowledged + Resp.TakeReplies(wire));
        }
    }

    protected override async ValueTask SendOneAsync(int number)
    {
        Add(number);
        await wire.FlushAsync(default);
        do
        {
            await wire.ReceiveAsync(default);
        }
        while (Resp.TakeReplies(wire) == 0);
    }
}
