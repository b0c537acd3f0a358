using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>
/// One <c>text/plain</c> produce that goes on until it is stopped or the node dies, over a socket of its own because it reads acknowledgements while it still
/// writes, which HTTP/1.1 allows and most client libraries do not.
/// </summary>
internal sealed class LineUpload : IDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };
    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;
    private bool _headersRead;

    private LineUpload(Uri node)
    {
        _client.Connect(node.Host, node.Port);
        _stream = _client.GetStream();
        _reader = new StreamReader(_stream, Encoding.UTF8);
    }

    public static async Task<LineUpload> BeginAsync(Uri node, string topic, int partition)
    {
        var upload = new LineUpload(node);
        await upload.WriteAsync(
            $"POST /v1/topics/{topic}/records?partition={partition}&acks=all HTTP/1.1\r\nHost: {node.Authority}\r\nContent-Type: text/plain\r\n"
            + "Accept: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        return upload;
    }

    /// <summary>Sends some records.</summary>
    public Task SendAsync(IEnumerable<string> values)
    {
        var lines = string.Concat(values.Select(value => value + "\n"));
        return WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(lines):x}\r\n{lines}\r\n"));
    }

    /// <summary>Says that no more records follow.</summary>
    public Task CompleteAsync() => WriteAsync("0\r\n\r\n");

    /// <summary>The acknowledgements as they come, until the answer or the connection ends.</summary>
    public async IAsyncEnumerable<Acknowledged> AcknowledgementsAsync()
    {
        var received = new StringBuilder();
        while (await ReadChunkAsync() is { } chunk)
        {
            received.Append(chunk);
            var text = received.ToString();
            var end = text.LastIndexOf('\n') + 1;
            received.Remove(0, end);
            foreach (var line in text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var json = JsonDocument.Parse(line);
                if (json.RootElement.GetProperty("type").GetString() == "ack")
                {
                    yield return new Acknowledged(json.RootElement.GetProperty("first_offset").GetInt64(), json.RootElement.GetProperty("last_offset").GetInt64());
                }
            }
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task WriteAsync(string text) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>The next chunk of the answer's body (RFC 9112, section 7.1), null at its end, wherever that comes. The answer is ASCII.</summary>
    private async Task<string?> ReadChunkAsync()
    {
        try
        {
            if (!_headersRead)
            {
                while (await _reader.ReadLineAsync() is { Length: > 0 })
                {
                }

                _headersRead = true;
            }

            if (!int.TryParse(await _reader.ReadLineAsync(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size) || size == 0)
            {
                return null;
            }

            var chunk = new char[size];
            if (await _reader.ReadBlockAsync(chunk) < size)
            {
                return null;
            }

            await _reader.ReadLineAsync();
            return new string(chunk);
        }
        catch (IOException)
        {
            return null;
        }
    }
}

/// <summary>Records that the node says are durable: the next ones of this upload that were not acknowledged yet, at these offsets.</summary>
internal readonly record struct Acknowledged(long First, long Last);
