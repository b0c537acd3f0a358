using System.Diagnostics;

namespace Loire.Cluster.Tests.Clusters;

/// <summary>The node of an earlier commit of this repository, built in a directory of its own.</summary>
internal sealed class EarlierBuild : IDisposable
{
    private readonly string _repository;
    private readonly string _directory;

    private EarlierBuild(string repository, string directory) => (_repository, _directory) = (repository, directory);

    /// <summary>The node's executable.</summary>
    public string Executable => Path.Combine(_directory, "src/Silo/bin/Release/net10.0/Loire.Silo.dll");

    /// <summary>Builds a commit, which takes minutes.</summary>
    /// <exception cref="InvalidOperationException">There is no such commit, or it does not build.</exception>
    public static async Task<EarlierBuild> CreateAsync(string commit)
    {
        var repository = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(repository, "Orleans.sln")))
        {
            repository = Path.GetDirectoryName(repository) ?? throw new InvalidOperationException("The tests do not run in the repository.");
        }

        var build = new EarlierBuild(repository, Directory.CreateTempSubdirectory("loire-earlier-").FullName);
        try
        {
            await RunAsync(repository, "git", "worktree", "add", "--detach", "--force", build._directory, commit);
            await RunAsync(build._directory, "dotnet", "build", "src/Silo", "-c", "Release", "--nologo", "-v", "quiet", "-p:UseSharedCompilation=false");
        }
        catch
        {
            build.Dispose();
            throw;
        }

        return build;
    }

    public void Dispose()
    {
        Directory.Delete(_directory, recursive: true);
        RunAsync(_repository, "git", "worktree", "prune").GetAwaiter().GetResult();
    }

    private static async Task RunAsync(string directory, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };

        // What the test runner sets for its own process is not meant for another build.
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(variable);
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}:\n{await output}{await errors}");
        }
    }
}

/// <summary>A fact that runs if <c>LOIRE_CLUSTER_UPGRADE</c> names an earlier commit.</summary>
internal sealed class UpgradeFactAttribute : FactAttribute
{
    public UpgradeFactAttribute() =>
        Skip = Commit is null ? "takes minutes; runs with LOIRE_CLUSTER_UPGRADE=COMMIT" : AzuriteServer.Command is null ? "Azurite is not installed" : null!;

    public static string? Commit { get; } = Environment.GetEnvironmentVariable("LOIRE_CLUSTER_UPGRADE") is { Length: > 0 } commit ? commit : null;
}
