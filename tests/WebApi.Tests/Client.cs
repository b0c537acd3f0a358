using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Loire.WebApi.Tests;

/// <summary>An answer with its body read.</summary>
public sealed record Answered(HttpStatusCode Status, string? ContentType, HttpResponseHeaders Headers, byte[] Body)
{
    /// <summary>The header Content-Encoding; empty if there is none.</summary>
    public string ContentEncoding { get; init; } = "";

    public string Text => Encoding.UTF8.GetString(Body);

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public JsonElement[] Lines => [.. Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    public string Header(string name) => Headers.TryGetValues(name, out var values) ? values.Single() : "";
}

/// <summary>Something that serves the API.</summary>
public interface IServed
{
    HttpClient Http { get; }

    Uri Address { get; }
}

public static class Client
{
    public static Task<Answered> PostAsync(this IServed host, string path, string? contentType, string body, string? accept = null) =>
        host.SendAsync(HttpMethod.Post, path, contentType, Encoding.UTF8.GetBytes(body), accept);

    public static Task<Answered> GetAsync(this IServed host, string path, string? accept = null) =>
        host.SendAsync(HttpMethod.Get, path, null, null, accept);

    public static async Task<Answered> SendAsync(
        this IServed host, HttpMethod method, string path, string? contentType, byte[]? body, string? accept = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);

            // A server that refuses a body that sockets do not buffer closes the connection while the client is still writing.
            request.Headers.ExpectContinue = body.Length > 256 * 1024;
            if (contentType is not null)
            {
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
            }
        }

        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var response = await host.Http.SendAsync(request);
        return new Answered(
            response.StatusCode, response.Content.Headers.ContentType?.MediaType, response.Headers, await response.Content.ReadAsByteArrayAsync())
        {
            ContentEncoding = string.Join(", ", response.Content.Headers.ContentEncoding),
        };
    }
}

/// <summary>A connection on which any bytes can be sent, when HttpClient would not.</summary>
public sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private RawConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket);
    }

    public static async Task<RawConnection> OpenAsync(Uri address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        return new RawConnection(socket);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes);
        }
        catch (IOException)
        {
            // The server may have answered and closed before it has read everything.
        }
    }

    public Task SendChunkAsync(string text) => SendChunkAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendChunkAsync(byte[] bytes)
    {
        await SendAsync($"{bytes.Length:x}\r\n");
        await SendAsync(bytes);
        await SendAsync("\r\n");
    }

    public void ShutdownSend() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Reads until <paramref name="text"/> has come.</summary>
    public async Task<string> ReadUntilAsync(string text, int seconds = 20)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var seen = new StringBuilder();
        var buffer = new byte[4096];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            var read = await _stream.ReadAsync(buffer, timeout.Token);
            Assert.True(read > 0, $"The connection ended before '{text}': {seen}");
            seen.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return seen.ToString();
    }

    /// <summary>Reads until the server closes, however it does.</summary>
    public async Task<string> ReadToEndAsync(int seconds = 20)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var seen = new StringBuilder();
        var buffer = new byte[65536];
        try
        {
            int read;
            while ((read = await _stream.ReadAsync(buffer, timeout.Token)) > 0)
            {
                seen.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (IOException)
        {
            // A reset is an end too.
        }

        return seen.ToString();
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }
}
