using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Loire.Silo.Tests.Clustering;

/// <summary>A real Redis for one test: a server of its own on a free port of the loopback address, which keeps everything in memory.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private const int Attempts = 5;

    private readonly Process _server;

    private RedisServer(Process server, int port) => (_server, Port) = (server, port);

    /// <summary>Why no server can be started here; null if one can.</summary>
    public static string? Missing { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(directory => File.Exists(Path.Combine(directory, "redis-server"))) ? null : "Redis is not installed: apt-get install redis-server";

    public int Port { get; }

    public string ConnectionString => $"127.0.0.1:{Port}";

    public static async Task<RedisServer> StartAsync()
    {
        var said = "";
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var port = FreePort();
            string[] options = ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
            var server = Process.Start(new ProcessStartInfo("redis-server", options) { RedirectStandardOutput = true })!;
            AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Kill();
            while (await server.StandardOutput.ReadLineAsync() is { } line)
            {
                said = line;
                if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
                {
                    _ = server.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                    return new RedisServer(server, port);
                }
            }

            // Another process may have taken the port.
        }

        throw new ExternalException($"Redis did not start: {said}");
    }

    public async ValueTask DisposeAsync()
    {
        _server.Kill();
        await _server.WaitForExitAsync();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
