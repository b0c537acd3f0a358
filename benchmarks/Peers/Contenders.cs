using Loire.Peers.Benchmarks.Loire;
using Loire.Peers.Benchmarks.Nats;
using Loire.Peers.Benchmarks.Redis;

namespace Loire.Peers.Benchmarks;

/// <summary>Everyone who is installed, started; stopped when disposed, also if only some of them have started.</summary>
internal sealed class Contenders : IAsyncDisposable
{
    private readonly List<Contender> _all = [];
    private LoireServer? _loire;

    /// <summary>Those whose names contain one of the texts, or everyone if there are none.</summary>
    public IReadOnlyList<Contender> Named(IReadOnlyList<string> texts) =>
        [.. _all.Where(contender => texts.Count == 0 || texts.Any(text => contender.Name.Contains(text, StringComparison.OrdinalIgnoreCase)))];

    public async Task StartAsync(string directory, int windowBytes, CancellationToken cancellation)
    {
        _loire = await LoireServer.StartAsync(directory);
        _all.Add(new HttpContender(_loire, isText: false));
        _all.Add(new HttpContender(_loire, isText: true));
        _all.Add(new EmbeddedContender(directory, windowBytes));
        cancellation.ThrowIfCancellationRequested();
        if (Find("redis-server") is { } redis)
        {
            var always = await RedisContender.StartAsync(redis, directory, "always");
            _all.AddRange(always, always.Alone());
            _all.Add(await RedisContender.StartAsync(redis, directory, "everysec"));
        }

        cancellation.ThrowIfCancellationRequested();
        if (Find("nats-server") is { } nats)
        {
            _all.Add(await NatsContender.StartAsync(nats, directory));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var contender in _all.ToArray())
        {
            await contender.DisposeAsync();
        }

        if (_loire is not null)
        {
            await _loire.DisposeAsync();
        }
    }

    // Debian puts servers where only root's path leads.
    private static string? Find(string program)
    {
        var path = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin".Split(':');
        var file = path.Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);
        if (file is null)
        {
            Console.WriteLine($"{program} is not installed (benchmarks/peers-install.sh installs it from Debian): left out.");
        }

        return file;
    }
}
