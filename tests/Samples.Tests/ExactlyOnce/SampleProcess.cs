using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Loire.Samples.Tests.ExactlyOnce;

/// <summary>A sample in a process of its own, whose progress is what it logs.</summary>
internal sealed class SampleProcess : IAsyncDisposable
{
    private const int Continue = 18;
    private const int Stop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Progress _progress;
    private readonly StringBuilder _output = new();
    private int _lists;

    private SampleProcess(Process process, Progress progress) => (_process, _progress) = (process, progress);

    /// <summary>The lists of records that it has applied.</summary>
    public int Lists => Volatile.Read(ref _lists);

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static SampleProcess Start(Assembly program, IEnumerable<string> arguments, Progress progress)
    {
        var start = new ProcessStartInfo("dotnet", [program.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };

        // Two cores are shared; a quick start matters more than peak speed.
        start.Environment["DOTNET_TieredPGO"] = "0";
        var sample = new SampleProcess(new Process { StartInfo = start }, progress);
        sample._process.OutputDataReceived += (_, line) => sample.Note(line.Data);
        sample._process.ErrorDataReceived += (_, line) => sample.Note(line.Data);
        sample._process.Start();
        sample._process.BeginOutputReadLine();
        sample._process.BeginErrorReadLine();
        return sample;
    }

    public Task Ended => _process.WaitForExitAsync();

    public bool HasEnded => _process.HasExited;

    /// <summary>Waits until it has applied so many more lists.</summary>
    public Task WhenListsAsync(int more)
    {
        var until = Lists + more;
        return WhenAsync(() => Lists >= until);
    }

    /// <summary>Waits until a condition holds that depends on the progress; fails if the process ends before.</summary>
    public async Task WhenAsync(Func<bool> condition)
    {
        using var end = new CancellationTokenSource(Patience);
        var reached = _progress.WhenAsync(condition, end.Token);
        await Task.WhenAny(reached, _process.WaitForExitAsync(end.Token));
        Assert.True(reached.IsCompletedSuccessfully, $"Nothing has come of {Lists} lists:\n{Output}");
        await end.CancelAsync();
    }

    public void Pause() => Signal(Stop);

    public void Resume() => Signal(Continue);

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.AppendLine(line);
        }

        _progress.Note(line, ref _lists);
    }

    private void Signal(int signal) => Assert.Equal(0, Signal(_process.Id, signal));

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
