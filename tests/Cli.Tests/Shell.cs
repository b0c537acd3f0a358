using System.Text;
using Loire.Cli.Terminals;

namespace Loire.Cli.Tests;

/// <summary>Runs command lines in this process, with an environment and streams of their own.</summary>
internal sealed class Shell : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("loire-cli-");

    public Shell(Uri? server = null)
    {
        Environment["XDG_CONFIG_HOME"] = _home.FullName;
        if (server is not null)
        {
            Environment["LOIRE_SERVER"] = server.ToString();
        }
    }

    public Dictionary<string, string> Environment { get; } = [];

    public string ConfigFile => Path.Combine(_home.FullName, "loire", "config.json");

    public bool IsTty { get; set; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Task<Outcome> RunAsync(params string[] args) => FeedAsync("", args);

    public async Task<Outcome> FeedAsync(string input, params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var terminal = new Terminal
        {
            Input = new MemoryStream(Encoding.UTF8.GetBytes(input)),
            Output = output,
            Error = error,
            InputIsTty = IsTty,
            ErrorIsTty = IsTty,
        };
        var caller = new Caller(terminal, Environment.GetValueOrDefault, Time, new Random(1));
        var exit = await Run.CommandAsync(args, caller, CancellationToken.None);
        return new Outcome(exit, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    public void Dispose() => _home.Delete(recursive: true);
}

/// <summary>How a command ended.</summary>
internal sealed record Outcome(int Exit, string Output, string Error)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Fails unless the command failed as every command shall: nothing but one line on standard error.</summary>
    public void AssertFailed(int exit, string name)
    {
        Assert.Equal((exit, ""), (Exit, Output));
        Assert.StartsWith($"loire: {name}: ", Error, StringComparison.Ordinal);
        Assert.Equal(Error.Length - 1, Error.IndexOf('\n', StringComparison.Ordinal));
    }

    public Outcome AssertOk()
    {
        Assert.Equal((0, ""), (Exit, Error));
        return this;
    }
}
