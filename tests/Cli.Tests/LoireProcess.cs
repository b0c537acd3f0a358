using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Loire.Cli.Tests;

/// <summary>The real program in a process of its own.</summary>
internal sealed class LoireProcess : IDisposable
{
    private const int Interrupt = 2;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _error = new();

    private LoireProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) => _error.AppendLine(line.Data);
    }

    public static string Program => Path.Combine(AppContext.BaseDirectory, "loire.dll");

    public StreamWriter Input => _process.StandardInput;

    public string Error => _error.ToString();

    public static LoireProcess Start(Uri server, params string[] args) => Launch(server, "dotnet", [Program, .. args]);

    /// <summary>Runs a line of bash in which <c>loire</c> is the program.</summary>
    public static LoireProcess Bash(Uri server, string line) =>
        Launch(server, "bash", ["-c", $"set -o pipefail; loire() {{ dotnet '{Program}' \"$@\"; }}; {line}"]);

    public Task<string> ReadToEndAsync() => WaitAsync(timeout => _process.StandardOutput.ReadToEndAsync(timeout));

    public Task<string?> ReadLineAsync() => WaitAsync(async timeout => await _process.StandardOutput.ReadLineAsync(timeout));

    public Task<int> WaitForExitAsync() => WaitAsync(async timeout =>
    {
        await _process.WaitForExitAsync(timeout);
        return _process.ExitCode;
    });

    /// <summary>What Ctrl-C does.</summary>
    public void PressCtrlC() => Assert.Equal(0, Signal(_process.Id, Interrupt));

    /// <summary>What <c>kill -9</c> does.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private async Task<T> WaitAsync<T>(Func<CancellationToken, Task<T>> wait)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            return await wait(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The program neither went on nor ended:\n{Error}");
        }
    }

    private static LoireProcess Launch(Uri server, string program, string[] args)
    {
        // A shell starts background jobs with SIGINT ignored, and children inherit that: env(1) resets it.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", program, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LOIRE_SERVER"] = server.ToString();
        start.Environment["XDG_CONFIG_HOME"] = AppContext.BaseDirectory;
        var process = new LoireProcess(new Process { StartInfo = start });
        process._process.Start();
        process._process.BeginErrorReadLine();
        return process;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
