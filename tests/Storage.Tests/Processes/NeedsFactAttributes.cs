using System.Diagnostics;

namespace Loire.Storage.Tests.Processes;

/// <summary>A fact that is skipped where strace is not installed or may not trace.</summary>
internal sealed class StraceTheoryAttribute : TheoryAttribute
{
    private static readonly string? _problem = Tool.Problem("strace", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true");

    public StraceTheoryAttribute() => Skip = _problem!;
}

/// <summary>A fact that is skipped where a tmpfs cannot be mounted.</summary>
internal sealed class TmpfsFactAttribute : FactAttribute
{
    private static readonly string? _problem = Tmpfs.Problem();

    public TmpfsFactAttribute() => Skip = _problem!;
}

/// <summary>A small file system of its own.</summary>
internal sealed class Tmpfs : IDisposable
{
    public Tmpfs(int mebibytes)
    {
        Path = Directory.CreateTempSubdirectory("loire-tmpfs-").FullName;
        if (Tool.Problem("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "loire", Path) is { } problem)
        {
            Directory.Delete(Path);
            throw new InvalidOperationException(problem);
        }
    }

    public string Path { get; }

    public static string? Problem()
    {
        try
        {
            using var tmpfs = new Tmpfs(1);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return $"A tmpfs cannot be mounted here: {e.Message}";
        }
    }

    public void Dispose()
    {
        Tool.Problem("umount", Path);
        Directory.Delete(Path);
    }
}

/// <summary>Runs a program of the system.</summary>
internal static class Tool
{
    /// <summary>Why it failed; null if it did not.</summary>
    public static string? Problem(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"{program} failed: {error.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return $"{program} cannot be run: {e.Message}";
        }
    }
}
