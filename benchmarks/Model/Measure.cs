namespace Loire.Model.Benchmarks;

/// <summary>The processor time of an action, which other load on the machine hardly changes, and what it allocates.</summary>
internal readonly record struct Measure(double Nanoseconds, double AllocatedBytes)
{
    private const int Rounds = 7;
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan Warmup = TimeSpan.FromMilliseconds(500);

    /// <summary>The median of several rounds, each long enough for the clock, after a warm-up in which the action is optimized.</summary>
    public static Measure Of(Action action)
    {
        var repetitions = 1;
        for (; Time(action, repetitions) < Round; repetitions *= 2)
        {
        }

        for (var warm = TimeSpan.Zero; warm < Warmup; warm += Time(action, repetitions))
        {
        }

        var times = new double[Rounds];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            times[i] = Time(action, repetitions).TotalNanoseconds / repetitions;
        }

        var allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)(Rounds * (long)repetitions);
        Array.Sort(times);
        return new Measure(times[Rounds / 2], allocated);
    }

    public double MegabytesPerSecond(long bytes) => bytes * 1000.0 / Nanoseconds;

    public double PerSecond(long things) => things * 1e9 / Nanoseconds;

    private static TimeSpan Time(Action action, int repetitions)
    {
        var started = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < repetitions; i++)
        {
            action();
        }

        return Environment.CpuUsage.TotalTime - started;
    }
}
