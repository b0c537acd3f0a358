using System.Globalization;

namespace Loire.Client.Tests;

/// <summary>What the environment says of random runs: how long they go on, and from which seed they are made.</summary>
internal static class OptInRun
{
    /// <summary>The seed that <c>LOIRE_SEED</c> gives, or one of this run; the caller prints it.</summary>
    public static int Seed() => int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), CultureInfo.InvariantCulture, out var given)
        ? given
        : Environment.TickCount & 0xFFFFFF;

    /// <summary>The duration that a variable gives, such as 10m or 90s; zero if it is not set.</summary>
    public static TimeSpan Duration(string variable) => Environment.GetEnvironmentVariable(variable) switch
    {
        null or "" => TimeSpan.Zero,
        var text when text[^1] is 'm' => TimeSpan.FromMinutes(double.Parse(text[..^1], CultureInfo.InvariantCulture)),
        var text when text[^1] is 's' => TimeSpan.FromSeconds(double.Parse(text[..^1], CultureInfo.InvariantCulture)),
        var text => throw new ArgumentException($"{variable} is {text}; it must be like 10m or 90s."),
    };
}
