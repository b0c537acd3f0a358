using System.Globalization;
using Xunit.Abstractions;

namespace Loire.Silo.Tests;

/// <summary>The randomness of a test: new in each run, printed, and set by LOIRE_SEED to have a run again.</summary>
internal static class Seed
{
    public static Random Print(ITestOutputHelper output)
    {
        var seed = Environment.GetEnvironmentVariable("LOIRE_SEED") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next();
        output.WriteLine($"LOIRE_SEED={seed}");
        return new Random(seed);
    }
}
