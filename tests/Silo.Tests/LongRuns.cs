using System.Globalization;

namespace Loire.Silo.Tests;

/// <summary>Runs that take minutes and are chosen by the environment.</summary>
internal static class LongRuns
{
    /// <summary>
    /// <c>LOIRE_KILLS</c>: how often the node is killed under load; it also has the node die at every one of its first system calls. Null for the
    /// short runs.
    /// </summary>
    public static int? Kills { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("LOIRE_KILLS"), NumberStyles.None, CultureInfo.InvariantCulture, out var kills) ? kills : null;
}
