using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Loire.Peers.Benchmarks;

/// <summary>A server as a child process: it listens before it is handed out, and it is gone after it was disposed.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private bool _disposed;

    private ServerProcess(Process process, int port) => (Process, Port) = (process, port);

    public Process Process { get; }

    public int Port { get; }

    /// <summary>Starts a program and waits until it listens.</summary>
    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments for a port.</param>
    /// <param name="log">Where its output goes.</param>
    public static async Task<ServerProcess> StartAsync(string file, Func<int, IEnumerable<string>> arguments, string log)
    {
        var port = FreePort();
        var start = new ProcessStartInfo(file, arguments(port)) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = new Process { StartInfo = start };
        var writer = TextWriter.Synchronized(new StreamWriter(log) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => writer.WriteLine(line.Data);
        process.ErrorDataReceived += (_, line) => writer.WriteLine(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new ServerProcess(process, port);
        try
        {
            await server.UntilListeningAsync();
        }
        catch (Exception exception)
        {
            await server.DisposeAsync();
            var said = File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(5)) : "";
            throw new InvalidOperationException($"{file} did not start: {exception.Message}\n{said}");
        }

        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!Process.HasExited)
        {
            _ = Kill(Process.Id, Sigterm);
            using var patience = new CancellationTokenSource(Patience);
            try
            {
                await Process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Process.Kill(entireProcessTree: true);
                await Process.WaitForExitAsync();
            }
        }

        Process.Dispose();
    }

    private async Task UntilListeningAsync()
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var wire = await Wire.ConnectAsync(Port);
                return;
            }
            catch (SocketException) when (!Process.HasExited && since.Elapsed < Patience)
            {
                await Task.Delay(50);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
