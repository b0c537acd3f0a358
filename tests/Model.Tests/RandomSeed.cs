using System.Globalization;
using Xunit.Abstractions;

namespace Loire.Model.Tests;

/// <summary>A seed for random tests: a new one in each run, or that of <c>LOIRE_SEED</c>, to have a failure again.</summary>
public static class RandomSeed
{
    public static Random New(ITestOutputHelper output)
    {
        var seed = Environment.GetEnvironmentVariable("LOIRE_SEED") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Environment.TickCount;
        output.WriteLine($"LOIRE_SEED={seed}");
        return new Random(seed);
    }
}
