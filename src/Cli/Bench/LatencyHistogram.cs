using System.Numerics;

namespace Loire.Cli.Bench;

/// <summary>
/// Counts durations in buckets whose width is 1/32 of their value, so that a percentile is at most 3 % too high, in a fixed amount of
/// memory. Not thread-safe; histograms of several threads can be added up.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private const int Sub = 1 << SubBits;

    private readonly long[] _counts = new long[Sub * (64 - SubBits)];

    public long Count { get; private set; }

    public TimeSpan Max { get; private set; }

    public void Record(TimeSpan duration)
    {
        var ticks = Math.Max(0, duration.Ticks);
        _counts[IndexOf(ticks)]++;
        Count++;
        Max = duration > Max ? duration : Max;
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }

        Count += other.Count;
        Max = other.Max > Max ? other.Max : Max;
    }

    /// <summary>The duration that the given share of all durations does not exceed; zero if there are none.</summary>
    /// <param name="share">A share from 0 to 1.</param>
    public TimeSpan Percentile(double share)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        var seen = 0L;
        for (var i = 0; i < _counts.Length && Count > 0; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                var upper = TimeSpan.FromTicks(UpperOf(i));
                return upper < Max ? upper : Max;
            }
        }

        return TimeSpan.Zero;
    }

    /// <summary>The counts by powers of two, from the first to the last one that is not empty, for drawing.</summary>
    public IReadOnlyList<(TimeSpan UpTo, long Count)> Octaves()
    {
        var octaves = new List<(TimeSpan UpTo, long Count)>();
        for (var i = 0; i < _counts.Length; i += Sub)
        {
            octaves.Add((TimeSpan.FromTicks(UpperOf(i + Sub - 1)), _counts.AsSpan(i, Sub).ToArray().Sum()));
        }

        var first = octaves.FindIndex(octave => octave.Count > 0);
        return first < 0 ? [] : octaves[first..(octaves.FindLastIndex(octave => octave.Count > 0) + 1)];
    }

    // Below Sub one bucket per tick; above it Sub buckets per power of two.
    private static int IndexOf(long ticks)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)ticks) - SubBits);
        return (shift == 0 ? 0 : shift * Sub) + (int)(ticks >> shift);
    }

    private static long UpperOf(int index)
    {
        var shift = Math.Max(0, (index / Sub) - 1);
        return ((index - ((long)shift * Sub) + 1) << shift) - 1;
    }
}
