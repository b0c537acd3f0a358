using Loire.Peers.Benchmarks.Loire;
using Loire.Peers.Benchmarks.Nats;
using Loire.Peers.Benchmarks.Redis;

namespace Loire.Peers.Benchmarks;

/// <summary>Everyone who is installed, started; stopped when disposed, also if only some of them have started.</summary>
internal sealed class Contenders : IAsyncDisposable
{
    private readonly List<Contender> _all = [];
    private LoireServer? _loire;

    public IReadOnlyList<Contender> All => _all;

    public async Task StartAsync(string directory, IReadOnlyList<string> only)
    {
        _loire = await LoireServer.StartAsync(directory);
        _all.Add(new HttpContender(_loire, isText: false));
        _all.Add(new HttpContender(_loire, isText: true));
        if (IsInstalled("redis-server"))
        {
            _all.Add(await RedisContender.StartAsync(directory, "always"));
            _all.Add(await RedisContender.StartAsync(directory, "everysec"));
        }

        if (IsInstalled("nats-server"))
        {
            _all.Add(await NatsContender.StartAsync(directory));
        }

        var left = _all.Where(contender => only.Count > 0 && !only.Any(text => contender.Name.Contains(text, StringComparison.OrdinalIgnoreCase))).ToList();
        foreach (var contender in left)
        {
            _all.Remove(contender);
            await contender.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var contender in _all)
        {
            await contender.DisposeAsync();
        }

        if (_loire is not null)
        {
            await _loire.DisposeAsync();
        }
    }

    private static bool IsInstalled(string program)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (path.Any(directory => File.Exists(Path.Combine(directory, program))))
        {
            return true;
        }

        Console.WriteLine($"{program} is not installed (benchmarks/peers-install.sh installs it from Debian): left out.");
        return false;
    }
}
