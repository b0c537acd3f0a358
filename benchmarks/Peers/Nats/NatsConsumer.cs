using System.Globalization;
using System.Text;
using System.Text.Json;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Nats;

/// <summary>An ephemeral pull consumer that reads a stream from its first message.</summary>
internal static class NatsConsumer
{
    public const int MessagesPerPull = 2_000;

    public static async Task ReadAsync(NatsConnection connection, string stream, int records, Tally tally)
    {
        var config = JsonSerializer.Serialize(new
        {
            stream_name = stream,
            config = new { deliver_policy = "all", ack_policy = "none", replay_policy = "instant" },
        });
        using var created = await connection.RequestAsync("$JS.API.CONSUMER.CREATE." + stream, config);
        var name = created.RootElement.GetProperty("name").GetString();
        var json = string.Create(CultureInfo.InvariantCulture, $"{{\"batch\":{MessagesPerPull}}}");
        var pull = Encoding.ASCII.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"PUB $JS.API.CONSUMER.MSG.NEXT.{stream}.{name} {connection.Inbox}m {json.Length}\r\n{json}\r\n"));
        long asked = 0;
        while (tally.Records < records)
        {
            while (asked < records && asked - tally.Records <= MessagesPerPull)
            {
                connection.Wire.Write(pull);
                asked += MessagesPerPull;
            }

            await connection.Wire.FlushAsync(default);
            await connection.Wire.ReceiveAsync(default);
            while (connection.TryTakeMessage(out var head, out var payload))
            {
                if (head[0] == 'H')
                {
                    throw new InvalidDataException($"JetStream answered {Encoding.UTF8.GetString(payload)}");
                }

                tally.Add(payload);
            }
        }
    }
}
