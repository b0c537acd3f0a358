using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Loire.Peers.Benchmarks.Nats;

/// <summary>The NATS protocol, as far as the work needs it: one subscription, to an inbox of this connection.</summary>
internal sealed class NatsConnection : IDisposable
{
    private NatsConnection(Wire wire) => Wire = wire;

    public Wire Wire { get; }

    /// <summary>What the subjects of this connection's inbox begin with.</summary>
    public string Inbox { get; } = $"_INBOX.{Guid.NewGuid():N}.";

    public static async Task<NatsConnection> ConnectAsync(int port)
    {
        var connection = new NatsConnection(await Wire.ConnectAsync(port));
        var wire = connection.Wire;
        wire.Write(Encoding.ASCII.GetBytes(
            "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\"lang\":\"csharp\",\"version\":\"0\",\"protocol\":1}\r\n"
            + $"SUB {connection.Inbox}* 1\r\nPING\r\n"));
        await wire.FlushAsync(default);
        while (true)
        {
            while (wire.TryTakeLine(out var line))
            {
                if (line.SequenceEqual("PONG"u8))
                {
                    return connection;
                }

                ThrowIfError(line);
            }

            await wire.ReceiveAsync(default);
        }
    }

    /// <summary>A call of the JetStream API.</summary>
    public async Task<JsonDocument> RequestAsync(string subject, string json)
    {
        Wire.Write(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"PUB {subject} {Inbox}api {Encoding.UTF8.GetByteCount(json)}\r\n{json}\r\n")));
        await Wire.FlushAsync(default);
        while (true)
        {
            if (TryTakeMessage(out _, out var payload))
            {
                var answer = JsonDocument.Parse(payload.ToArray());
                return answer.RootElement.TryGetProperty("error", out var error)
                    ? throw new InvalidDataException($"{subject}: {error}")
                    : answer;
            }

            await Wire.ReceiveAsync(default);
        }
    }

    /// <summary>Takes the next message, if it is all there; both spans are valid until the next receive. Other lines are dealt with.</summary>
    /// <param name="head">The line: operation, subject, subscription, reply subject, lengths.</param>
    /// <param name="payload">The payload, with the headers before it if there are any.</param>
    public bool TryTakeMessage(out ReadOnlySpan<byte> head, out ReadOnlySpan<byte> payload)
    {
        payload = head = default;
        while (true)
        {
            var received = Wire.Received;
            var end = received.IndexOf((byte)'\n');
            if (end < 0)
            {
                return false;
            }

            var line = received[..end].TrimEnd((byte)'\r');
            if (line.StartsWith("MSG "u8) || line.StartsWith("HMSG "u8))
            {
                if (!Utf8Parser.TryParse(line[(line.LastIndexOf((byte)' ') + 1)..], out int length, out _))
                {
                    throw new InvalidDataException($"NATS sent {Encoding.UTF8.GetString(line)}");
                }

                if (received.Length < end + 1 + length + 2)
                {
                    return false;
                }

                head = line;
                payload = received.Slice(end + 1, length);
                Wire.Take(end + 1 + length + 2);
                return true;
            }

            ThrowIfError(line);
            Wire.Take(end + 1);
        }
    }

    public void Dispose() => Wire.Dispose();

    // A server pings once in two minutes, and only a connection that lasts that long; none here does.
    private static void ThrowIfError(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("-ERR"u8))
        {
            throw new InvalidDataException($"NATS sent {Encoding.UTF8.GetString(line)}");
        }
    }
}
