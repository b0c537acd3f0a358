using System.Net;
using System.Net.Sockets;
using System.Text;
using Loire.Model.Batches;

namespace Loire.Kafka.Benchmarks;

/// <summary>The same batches over HTTP: one connection and one long request for each partition, whose body is all of its batches.</summary>
internal static class HttpLoad
{
    public const string MediaType = "application/vnd.loire.record-batches";

    /// <summary>Posts a batch again and again.</summary>
    public static Task ProduceAsync(int port, string topic, int partitions, byte[] batch, int count) => Task.WhenAll(Enumerable.Range(0, partitions).Select(
        partition => RawConnection.OnThread(() => Produce(port, topic, partition, batch, (count / partitions) + (partition < count % partitions ? 1 : 0)))));

    /// <summary>Reads a partition from its start to its end, in pieces of whole batches, and returns the records.</summary>
    public static async Task<long> ConsumeAsync(HttpClient http, string topic, bool decodes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/topics/{topic}/partitions/0/records?offset=earliest&until=latest");
        request.Headers.Accept.ParseAdd(MediaType);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync();
        var (buffer, length, records, read) = (new byte[4 * 1024 * 1024], 0, 0L, 0);
        while ((read = await body.ReadAsync(buffer.AsMemory(length))) > 0)
        {
            length += read;
            records += Records.Count(buffer.AsSpan(0, length), decodes, out var taken, out _);
            buffer.AsSpan(taken, length - taken).CopyTo(buffer);
            length -= taken;
        }

        return records;
    }

    private static void Produce(int port, string topic, int partition, byte[] batch, int count)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        Send(socket, Encoding.ASCII.GetBytes(
            $"POST /v1/topics/{topic}/records?partition={partition} HTTP/1.1\r\nHost: loire\r\nContent-Type: {MediaType}\r\nAccept: application/json\r\n"
            + $"Content-Length: {(long)batch.Length * count}\r\nConnection: close\r\n\r\n"));
        for (var i = 0; i < count; i++)
        {
            Send(socket, batch);
        }

        var (answer, buffer, read) = (new StringBuilder(), new byte[4_096], 0);
        while ((read = socket.Receive(buffer)) > 0)
        {
            answer.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        if (!answer.ToString().StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"The node answered {answer}");
        }
    }

    private static void Send(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }
}

/// <summary>What a consumer does with batches.</summary>
internal static class Records
{
    /// <summary>Counts the records of whole batches.</summary>
    /// <param name="bytes">Batches; the last one may be cut.</param>
    /// <param name="decodes">Whether to decode each record, as a consumer does, or to take the word of the headers.</param>
    /// <param name="taken">The bytes of the whole batches.</param>
    /// <param name="next">The offset behind them; −1 without one.</param>
    public static long Count(ReadOnlySpan<byte> bytes, bool decodes, out int taken, out long next)
    {
        (taken, next) = (0, -1);
        long records = 0;
        while (RecordBatch.TryRead(bytes[taken..], out var batch) == ErrorCode.None)
        {
            if (decodes)
            {
                var reader = new RecordReader(batch, batch.Payload);
                while (reader.MoveNext())
                {
                    records++;
                }
            }
            else
            {
                records += batch.RecordCount;
            }

            taken += batch.SizeInBytes;
            next = batch.NextOffset.Value;
        }

        return records;
    }
}
