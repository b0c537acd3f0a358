using System.Globalization;

namespace Loire.TestKit;

/// <summary>
/// The points of a sweep over all places at which something may go wrong: every bit, every call. With <c>LOIRE_SWEEPS=all</c> it visits each of them, otherwise every
/// n-th from one on that differs from run to run, or that <c>LOIRE_SEED</c> chooses, so that some runs together visit them all. A failure names its point.
/// </summary>
public static class Sweep
{
    private static readonly bool IsWhole = Environment.GetEnvironmentVariable("LOIRE_SWEEPS") == "all";

    private static readonly int Offset = int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), CultureInfo.InvariantCulture, out var seed)
        ? seed & int.MaxValue
        : Random.Shared.Next();

    /// <summary>Some of the numbers from <paramref name="first"/> to <paramref name="last"/>, both included, or all.</summary>
    /// <param name="first">The first number.</param>
    /// <param name="last">The last one; less than the first for none.</param>
    /// <param name="every">Which part of a sweep that is not whole is visited: one of so many.</param>
    public static IEnumerable<int> Points(int first, int last, int every)
    {
        every = IsWhole ? 1 : every;
        for (var at = first + (Offset % every); at <= last; at += every)
        {
            yield return at;
        }
    }
}
