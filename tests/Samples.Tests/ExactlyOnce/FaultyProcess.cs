using System.Reflection;

namespace Loire.Samples.Tests.ExactlyOnce;

/// <summary>A process of a sample that is killed, or replaced while it hangs, after a random number of lists.</summary>
internal sealed class FaultyProcess(Assembly program, string[] arguments, Random random, Progress progress) : IAsyncDisposable
{
    private const int MostLists = 12;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<SampleProcess> _started = [];
    private SampleProcess? _current;

    public string Output => _current?.Output ?? "";

    public void Start() => _current ??= StartNew();

    /// <summary>Ends it with SIGKILL, and starts the next.</summary>
    public async Task KillAsync()
    {
        await _current!.WhenListsAsync(random.Next(1, MostLists + 1));
        await _current.KillAsync();
        _current = StartNew();
    }

    /// <summary>
    /// Stops it where it is, lets its successor come further than it has come, and lets it go on as if nothing had happened. Only one of the two keeps the
    /// name in the group: the successor, unless the session had ended before it came.
    /// </summary>
    /// <param name="mayHang">Whether the successor can work while the process hangs there.</param>
    public async Task ReplaceAsync(Func<Task<bool>> mayHang)
    {
        Start();
        var hung = _current!;
        await hung.WhenListsAsync(random.Next(1, MostLists + 1));
        hung.Pause();
        while (!await mayHang())
        {
            hung.Resume();
            await hung.WhenListsAsync(1);
            hung.Pause();
        }

        var successor = StartNew();
        await successor.WhenListsAsync(random.Next(1, MostLists + 1));
        hung.Resume();
        await Task.WhenAny(hung.Ended, successor.Ended, Task.Delay(Patience));
        Assert.True(hung.HasEnded != successor.HasEnded, $"Not one of the two has ended:\n{hung.Output}\n{successor.Output}");
        _current = hung.HasEnded ? successor : hung;
    }

    /// <summary>Lets it compete with another process for records that both believe to be theirs, until it or the other one was late; and kills it.</summary>
    public async Task CompeteAsync()
    {
        var before = progress.Repeated;
        var rival = StartNew();
        await rival.WhenAsync(() => progress.Repeated > before);
        await rival.WhenListsAsync(random.Next(1, MostLists + 1));
        await rival.KillAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _started)
        {
            await process.DisposeAsync();
        }
    }

    private SampleProcess StartNew()
    {
        var process = SampleProcess.Start(program, arguments, progress);
        _started.Add(process);
        return process;
    }
}
