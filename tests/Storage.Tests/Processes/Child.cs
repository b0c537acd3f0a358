using System.Diagnostics;

namespace Loire.Storage.Tests.Processes;

/// <summary>A <see cref="ChildProgram"/> that runs, and what it has said.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;
    private readonly string? _trace;

    private Child(Process process, string? trace) => (_process, _trace) = (process, trace);

    /// <summary>Starts a child.</summary>
    /// <param name="inject">What strace does to its system calls, as <c>fdatasync:error=EIO:when=3</c>; null for none.</param>
    /// <param name="arguments">The child's arguments.</param>
    public static Child Start(string? inject, params string[] arguments)
    {
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        string? trace = null;
        string[] command = ["dotnet", typeof(Child).Assembly.Location];
        if (inject is not null)
        {
            trace = Path.GetTempFileName();

            // With the filter only the calls that are traced stop the child; signals cannot be injected with it.
            string[] filter = inject.Contains("signal=", StringComparison.Ordinal) ? [] : ["--seccomp-bpf"];
            command = ["strace", "-f", .. filter, "-qq", "-o", trace, "-e", $"trace={inject.Split(':')[0]}", "-e", $"inject={inject}", .. command];
        }

        start.FileName = command[0];
        foreach (var argument in command.Skip(1).Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        // Its socket would be one more file that the runtime removes at its end.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return new Child(process, trace);
    }

    /// <summary>The next line; null at the end.</summary>
    public Task<string?> ReadLineAsync() => _process.StandardOutput.ReadLineAsync();

    /// <summary>All lines until the child ends.</summary>
    public async Task<List<string>> ReadToEndAsync()
    {
        var lines = new List<string>();
        while (await ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        await _process.WaitForExitAsync();
        return lines;
    }

    /// <summary>Ends the child as the operating system would, without a warning.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Lets a child that holds its store end.</summary>
    public async Task EndAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        if (_trace is not null)
        {
            File.Delete(_trace);
        }
    }
}
