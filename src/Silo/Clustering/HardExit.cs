using System.Runtime.InteropServices;

namespace Loire.Silo.Clustering;

/// <summary>Ends the process without stopping anything in order: one line on standard error, and the end.</summary>
internal static class HardExit
{
    /// <summary>Ends the process.</summary>
    /// <param name="code">The exit code.</param>
    /// <param name="line">The reason.</param>
    public static void With(int code, string line)
    {
        Console.Error.WriteLine(line);
        if (OperatingSystem.IsWindows())
        {
            Environment.FailFast(line);
        }

        ExitNow(code);
    }

    // Environment.Exit would let the host stop in order first.
    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ExitNow(int code);
}
