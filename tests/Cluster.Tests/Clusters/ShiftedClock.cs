using Loire.Storage.Tests.Azurite;

namespace Loire.Cluster.Tests.Clusters;

/// <summary>A wall clock that is ahead of this machine's, for one process; its monotonic clock is as it is. Needs libfaketime.</summary>
internal static class ShiftedClock
{
    // /usr/lib/x86_64-linux-gnu/faketime on most machines.
    private static readonly string? _library = Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib").Select(directory => Path.Combine(directory, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    public static bool IsInstalled => _library is not null;

    /// <summary>What comes before a command line.</summary>
    public static string[] Wrapper(int minutesAhead) =>
        ["env", $"LD_PRELOAD={_library}", $"FAKETIME=+{minutesAhead}m", "FAKETIME_DONT_FAKE_MONOTONIC=1"];
}

/// <summary>A fact on nodes with different clocks, skipped where Azurite or libfaketime is not installed.</summary>
internal sealed class ShiftedClockFactAttribute : FactAttribute
{
    public ShiftedClockFactAttribute() => Skip = AzuriteServer.Command is null ? AzuriteFactAttribute.NotInstalled
        : ShiftedClock.IsInstalled ? null! : "libfaketime is not installed (apt-get install libfaketime)";
}
