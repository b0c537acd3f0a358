using System.Diagnostics;
using System.Text;

namespace Loire.Kafka.Clients.Tests.Kills;

/// <summary>A client in a process of its own, which is read line by line and killed in the end.</summary>
internal sealed class LineProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    public LineProcess(string program, IEnumerable<string> arguments, Action<string> onLine)
    {
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["PYTHONDONTWRITEBYTECODE"] = "1" },
            },
        };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } data)
            {
                onLine(data);
            }
        };
        _process.ErrorDataReceived += (_, line) => Complain(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The first lines that it wrote to standard error.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>What it reads.</summary>
    public StreamWriter Input => _process.StandardInput;

    /// <summary>Waits until it has ended by itself; its exit code.</summary>
    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private void Complain(string? line)
    {
        lock (_errors)
        {
            if (line is not null && _errors.Length < 2_000)
            {
                _errors.AppendLine(line);
            }
        }
    }
}
