using System.Globalization;
using System.Net.Http.Json;

namespace Loire.Peers.Benchmarks.Loire;

/// <summary>A node of Loire as ./run.sh starts it, with its HTTP API. Shared by those who speak it in different ways.</summary>
internal sealed class LoireServer : IAsyncDisposable
{
    private LoireServer(ServerProcess process, string data) => (Process, Data) = (process, data);

    public ServerProcess Process { get; }

    public string Data { get; }

    public HttpClient Http { get; private init; } = null!;

    public static async Task<LoireServer> StartAsync(string directory)
    {
        var data = Directory.CreateDirectory(Path.Combine(directory, "loire")).FullName;
        var process = await ServerProcess.StartAsync(
            "dotnet",
            port => [Path.Combine(AppContext.BaseDirectory, "Loire.Silo.dll"), "--data", data, "--urls", $"http://127.0.0.1:{port}", "--kafka", "none", "--log-level", "warning"],
            data + ".log");
        return new LoireServer(process, data)
        {
            Http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{process.Port}")) },
        };
    }

    public async Task CreateTopicAsync(string name, int partitions)
    {
        using var answer = await Http.PostAsJsonAsync("/v1/topics", new { topic_name = name, partitions_count = partitions });
        answer.EnsureSuccessStatusCode();
    }

    public async Task DeleteTopicAsync(string name)
    {
        using var answer = await Http.DeleteAsync("/v1/topics/" + name);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Process.DisposeAsync();
    }
}
