using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Loire.TestKit.Processes;

/// <summary>
/// A real node in a process of its own, which can be killed like one. The project that uses it references the node's project, whose files are then in its
/// own output directory.
/// </summary>
public sealed partial class NodeProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private const int Continue = 18;
    private const int Stop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
    }

    /// <summary>Where the HTTP API listens; only of a node that serves.</summary>
    public Uri Url => _listening.Task.Result;

    /// <summary>Where Kafka's clients are served; null of a node that was not told to, or does not serve yet.</summary>
    public string? Kafka { get; private set; }

    /// <summary>A client of the HTTP API; null until <see cref="IsServingAsync"/> has returned true.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What the node has written to both outputs.</summary>
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

    /// <summary>Starts a node and waits until it serves.</summary>
    public static Task<NodeProcess> StartAsync(string data, params string[] wrapper) => StartAtAsync("http://127.0.0.1:0", data, wrapper);

    /// <summary>Starts a node at an address of its own choice, such as that of one that was killed, and waits until it serves.</summary>
    public static async Task<NodeProcess> StartAtAsync(string address, string data, params string[] wrapper)
    {
        var node = LaunchAt(address, data, wrapper);
        if (!await node.IsServingAsync())
        {
            throw new InvalidOperationException($"The node did not start:\n{node.Output}");
        }

        return node;
    }

    /// <summary>Starts a process that may or may not come to serve. A wrapper, such as strace, gets the node's command line as its last arguments.</summary>
    public static NodeProcess Launch(string data, params string[] wrapper) => LaunchAt("http://127.0.0.1:0", data, wrapper);

    /// <summary>Starts a process that may or may not come to serve.</summary>
    /// <param name="options">Options of the node; without <c>--urls</c> it listens on a free port.</param>
    /// <param name="environment">Variables that it gets besides those of this process.</param>
    /// <param name="executable">The node's executable, another version for example; null for the one that was built with the tests.</param>
    /// <param name="wrapper">A command that gets the node's command line as its last arguments.</param>
    public static NodeProcess Launch(
        IReadOnlyList<string> options, IReadOnlyDictionary<string, string> environment, string? executable = null, params string[] wrapper) =>
        Launch(
            [.. wrapper, DotNet, executable ?? Executable, .. options, .. options.Contains("--urls") ? [] : (string[])["--urls", "http://127.0.0.1:0"]],
            environment);

    /// <summary>Runs the node's executable to its end, without any input; its exit code, and what it wrote to both outputs.</summary>
    public static async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(DotNet, [Executable, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LOIRE_KAFKA"] = "none";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output + await errors);
    }

    private static NodeProcess LaunchAt(string address, string data, string[] wrapper) =>
        Launch([.. wrapper, DotNet, Executable, "--data", data, "--urls", address], new Dictionary<string, string>());

    private static NodeProcess Launch(string[] command, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
        foreach (var argument in command[1..])
        {
            start.ArgumentList.Add(argument);
        }

        // Many nodes run at once; those that serve Kafka's clients say where.
        start.Environment["LOIRE_KAFKA"] = "none";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        // Two cores are shared with the producers; a quick start matters more than peak speed.
        start.Environment["DOTNET_TieredPGO"] = "0";
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var node = new NodeProcess(process);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return node;
    }

    /// <summary>Whether the node came to serve; false if it ended before.</summary>
    /// <exception cref="TimeoutException">It did neither for a minute, and was killed.</exception>
    public async Task<bool> IsServingAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var ended = _process.WaitForExitAsync(patience.Token);
        if (await Task.WhenAny(_listening.Task, ended) == ended)
        {
            if (ended.IsCanceled)
            {
                await KillAsync();
                throw new TimeoutException($"The node neither served nor ended:\n{Output}");
            }

            await ended;
            return false;
        }

        Client = new HttpClient { BaseAddress = Url, Timeout = Patience };
        return true;
    }

    /// <summary>Ends the node with SIGKILL, its wrapper with it.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await WaitForExitAsync();
    }

    /// <summary>Asks the node to stop with SIGTERM and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        if (!_process.HasExited)
        {
            _ = Signal(_process.Id, Terminate);
        }

        return await WaitForExitAsync();
    }

    /// <summary>Stops the process where it is with SIGSTOP: it does nothing and keeps its connections, until it is resumed or killed.</summary>
    public void Pause() => _ = Signal(_process.Id, Stop);

    /// <summary>Resumes a process that was paused.</summary>
    public void Resume() => _ = Signal(_process.Id, Continue);

    /// <summary>Waits until the node has ended by itself, and returns its exit code.</summary>
    public async Task<int> WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The node did not end:\n{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>Kills the node.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Client?.Dispose();
        _process.Dispose();
    }

    private static string Executable => Path.Combine(AppContext.BaseDirectory, "Loire.Silo.dll");

    private static string DotNet => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.AppendLine(CultureInfo.InvariantCulture, $"{line}");
        }

        if (Address().Match(line) is { Success: true } match)
        {
            Kafka = KafkaAddress().Match(line) is { Success: true } kafka ? kafka.Value : null;
            _listening.TrySetResult(new Uri(match.Value));
        }
    }

    [GeneratedRegex(@"(?<=listens on )http://[0-9.]+:[1-9]\d*")]
    private static partial Regex Address();

    [GeneratedRegex(@"[0-9.]+:[1-9]\d*(?= for Kafka)")]
    private static partial Regex KafkaAddress();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
