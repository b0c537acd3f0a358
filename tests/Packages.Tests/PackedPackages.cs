using System.Globalization;
using Loire.Architecture.Tests;

namespace Loire.Packages.Tests;

/// <summary>All packages, packed from what was built, in a folder of their own and with a version that no cache has seen.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    /// <summary>The version.</summary>
    public string Version { get; } = string.Create(CultureInfo.InvariantCulture, $"0.1.0-test.{DateTime.UtcNow:yyyyMMddHHmmssfff}");

    /// <summary>Where the packages and the projects that use them are.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("loire-packages-").FullName;

    /// <summary>Where the packages are.</summary>
    public string Packages => Path.Combine(Directory, "packages");

    public async Task InitializeAsync()
    {
        System.IO.Directory.CreateDirectory(Packages);
        await DotNet.RunAsync(
            Repository.Root, "pack", "Orleans.sln", "-c", Configuration, "--no-build", "--no-restore", "--nologo", "-v", "quiet", $"-p:Version={Version}", "-o", Packages);
    }

    /// <summary>A directory for a project that gets Loire's packages from this folder, and all others from where the machine gets them.</summary>
    public async Task<string> ProjectAsync(string name, string project, string program)
    {
        var directory = System.IO.Directory.CreateDirectory(Path.Combine(Directory, name)).FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, $"{name}.csproj"), project);
        await File.WriteAllTextAsync(Path.Combine(directory, "Program.cs"), program);
        return directory;
    }

    public Task DisposeAsync()
    {
        System.IO.Directory.Delete(Directory, recursive: true);
        foreach (var unpacked in new DirectoryInfo(Cache).EnumerateDirectories("loire.*"))
        {
            if (new DirectoryInfo(Path.Combine(unpacked.FullName, Version)) is { Exists: true } version)
            {
                version.Delete(recursive: true);
            }
        }

        return Task.CompletedTask;
    }

    private static string Cache => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } path
        ? path
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
}
