using System.Diagnostics;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>What one contender did with one work in one round.</summary>
/// <param name="Contender">Its name.</param>
/// <param name="Work">The work.</param>
/// <param name="Produce">All the appending.</param>
/// <param name="Consume">All the reading; <paramref name="Reads"/> times.</param>
/// <param name="Reads">How often everything was read, so that it takes long enough to be measured.</param>
/// <param name="MedianMicroseconds">Of the records' latencies.</param>
/// <param name="P99Microseconds">Of the records' latencies.</param>
/// <param name="DiskBytes">By how much the data had grown after the appending.</param>
internal sealed record Turn(
    string Contender, Work Work, Phase Produce, Phase Consume, int Reads, double MedianMicroseconds, double P99Microseconds, long DiskBytes);

/// <summary>How long something took, and the processor time of the server and of this process meanwhile.</summary>
internal sealed record Phase(double Seconds, double ServerSeconds, double OwnSeconds)
{
    public static Phase None { get; } = new(0, 0, 0);

    public static Phase operator +(Phase left, Phase right) =>
        new(left.Seconds + right.Seconds, left.ServerSeconds + right.ServerSeconds, left.OwnSeconds + right.OwnSeconds);

    public static async Task<Phase> MeasureAsync(Contender contender, Func<Task> run)
    {
        var before = Usage.Processor(contender.Server);
        var start = Stopwatch.GetTimestamp();
        await run();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var after = Usage.Processor(contender.Server);
        return new Phase(seconds, (after.Server - before.Server).TotalSeconds, (after.Own - before.Own).TotalSeconds);
    }
}
