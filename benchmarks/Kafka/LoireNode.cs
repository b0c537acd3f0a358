using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Loire.Peers.Benchmarks;

namespace Loire.Kafka.Benchmarks;

/// <summary>A node with its own store in a process of its own, as ./run.sh starts it, with HTTP and Kafka's protocol.</summary>
internal sealed partial class LoireNode : IAsyncDisposable
{
    private readonly ServerProcess _process;
    private readonly HttpClient _http;

    private LoireNode(ServerProcess process, int kafkaPort)
    {
        (_process, KafkaPort) = (process, kafkaPort);
        _http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{process.Port}")) };
    }

    public int KafkaPort { get; }

    public int HttpPort => _process.Port;

    public HttpClient Http => _http;

    /// <summary>Processor time so far.</summary>
    public TimeSpan Processor
    {
        get
        {
            _process.Process.Refresh();
            return _process.Process.TotalProcessorTime;
        }
    }

    /// <summary>Resident bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Process.Refresh();
            return _process.Process.WorkingSet64;
        }
    }

    public int ProcessId => _process.Process.Id;

    /// <summary>Starts a node.</summary>
    /// <param name="directory">Where its data goes.</param>
    /// <param name="program">The node's program; null for the one beside this.</param>
    public static async Task<LoireNode> StartAsync(string directory, string? program = null)
    {
        var data = Directory.CreateDirectory(Path.Combine(directory, "loire")).FullName;
        var kafkaPort = FreePort();
        var process = await ServerProcess.StartAsync(
            "dotnet",
            port => [
                program ?? Path.Combine(AppContext.BaseDirectory, "Loire.Silo.dll"), "--data", data, "--urls", $"http://127.0.0.1:{port}",
                "--kafka", $"127.0.0.1:{kafkaPort}", "--log-level", "warning"],
            data + ".log");
        return new LoireNode(process, kafkaPort);
    }

    public async Task CreateTopicAsync(string name, int partitions)
    {
        using var answer = await _http.PostAsJsonAsync("/v1/topics", new { topic_name = name, partitions_count = partitions });
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Deletes a topic, and waits until the node has done what follows from it.</summary>
    public async Task DeleteTopicAsync(string name)
    {
        using var answer = await _http.DeleteAsync("/v1/topics/" + name);
        answer.EnsureSuccessStatusCode();
        await SettleAsync();
    }

    /// <summary>A counter of the node's metrics, summed over its labels; 0 if it has not counted yet.</summary>
    public async Task<double> MetricAsync(string name)
    {
        var lines = (await _http.GetStringAsync("/metrics")).Split('\n');
        return lines.Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is ' ' or '{')
            .Sum(static line => double.Parse(line[(line.IndexOf("} ", StringComparison.Ordinal) + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Waits until the node does nothing any more, at most five seconds, and has the kernel write what it holds back, so that no turn pays for the one before.
    /// </summary>
    public async Task SettleAsync()
    {
        await Task.Run(Sync);
        for (var i = 0; i < 25; i++)
        {
            var before = Processor;
            await Task.Delay(200);
            if ((Processor - before).TotalMilliseconds < 20)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();
}

/// <summary>How long something took, and the processor time meanwhile: that of the node, and of both sides together.</summary>
internal readonly record struct Spent(double Seconds, double NodeSeconds, double AllSeconds)
{
    public static async Task<Spent> MeasureAsync(LoireNode? node, Func<Task> run)
    {
        GC.Collect();
        var (nodeBefore, ownBefore, start) = (node?.Processor ?? default, Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await run();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var (ofNode, own) = ((node?.Processor ?? default) - nodeBefore, Environment.CpuUsage.TotalTime - ownBefore);
        return new Spent(seconds, ofNode.TotalSeconds, (ofNode + own).TotalSeconds);
    }
}
