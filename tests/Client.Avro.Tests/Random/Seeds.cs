using System.Globalization;
using Xunit.Abstractions;

namespace Loire.Client.Avro.Tests;

/// <summary>The seed of a random test: printed, and taken from <c>LOIRE_SEED</c> to run it again.</summary>
internal static class Seeds
{
    public static Random Next(ITestOutputHelper output)
    {
        var seed = Environment.GetEnvironmentVariable("LOIRE_SEED") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : Random.Shared.Next(1_000_000_000);
        output.WriteLine($"LOIRE_SEED={seed}");
        return new Random(seed);
    }
}
