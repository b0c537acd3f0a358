using System.Diagnostics;

namespace Loire.Groups.Benchmarks;

/// <summary>
/// How long an action takes, in milliseconds: the median and the worst of several runs, and the first run, which is cold.
/// </summary>
internal readonly record struct Timing(double Median, double Worst, double First)
{
    private const int Runs = 15;

    public static Timing Of(Action action)
    {
        var times = new double[Runs];
        for (var i = 0; i < Runs; i++)
        {
            var started = Stopwatch.GetTimestamp();
            action();
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        var first = times[0];
        Array.Sort(times);
        return new Timing(times[Runs / 2], times[^1], first);
    }
}
