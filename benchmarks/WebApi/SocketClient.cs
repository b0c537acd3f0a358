using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Loire.WebApi.Benchmarks;

/// <summary>A client that does nothing but move bytes, so that it is not what is measured.</summary>
internal static class SocketClient
{
    /// <summary>Sends one POST whose body is a block repeated, and reads the whole answer.</summary>
    public static async Task<string> PostAsync(IPEndPoint server, string path, string contentType, byte[] block, int times)
    {
        using var socket = await ConnectAsync(server);
        var head = $"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {contentType}\r\nAccept: application/json\r\nContent-Length: {(long)block.Length * times}\r\nConnection: close\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head));
        for (var i = 0; i < times; i++)
        {
            for (var sent = 0; sent < block.Length;)
            {
                sent += await socket.SendAsync(block.AsMemory(sent));
            }
        }

        var answer = new StringBuilder();
        var buffer = new byte[16384];
        int read;
        while ((read = await socket.ReceiveAsync(buffer)) > 0)
        {
            answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return answer.ToString();
    }

    /// <summary>Sends one GET and counts what comes.</summary>
    public static async Task<long> GetAsync(IPEndPoint server, string path, string accept)
    {
        using var socket = await ConnectAsync(server);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: h\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"));
        var buffer = new byte[1 << 20];
        long sum = 0;
        int read;
        while ((read = await socket.ReceiveAsync(buffer)) > 0)
        {
            sum += read;
        }

        return sum;
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server);
        return socket;
    }
}
