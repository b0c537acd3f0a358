using CsCheck;
using Loire.Cli.Bench;

namespace Loire.Cli.Tests;

public class LatencyHistogramTests
{
    [Fact]
    public void A_percentile_is_that_of_the_sorted_durations_or_up_to_one_32nd_more() =>
        Gen.Double[0, 9].Select(magnitude => (long)Math.Pow(10, magnitude)).Array[1, 2_000].Sample(
            durations =>
            {
                var (even, odd) = (new LatencyHistogram(), new LatencyHistogram());
                foreach (var (index, ticks) in durations.Index())
                {
                    (index % 2 == 0 ? even : odd).Record(TimeSpan.FromTicks(ticks));
                }

                even.Add(odd);
                long[] sorted = [.. durations.Order()];
                foreach (var share in new[] { 0.001, 0.5, 0.9, 0.99, 0.999, 1.0 })
                {
                    var exact = sorted[(int)Math.Ceiling(share * sorted.Length) - 1];
                    Assert.InRange(even.Percentile(share).Ticks, exact, exact + (exact / 32) + 1);
                }

                Assert.Equal(sorted[^1], even.Max.Ticks);
                Assert.Equal(sorted.Length, even.Octaves().Sum(octave => octave.Count));
            },
            iter: 50);

    [Fact]
    public void An_empty_histogram_is_zero() =>
        Assert.Equal((TimeSpan.Zero, 0), (new LatencyHistogram().Percentile(0.99), new LatencyHistogram().Octaves().Count));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(long.MaxValue)]
    public void The_edges_have_a_bucket(long ticks)
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.FromTicks(ticks));
        Assert.Equal(ticks, histogram.Percentile(1).Ticks);
    }
}
