using System.Globalization;

namespace Loire.Client.Tests;

/// <summary>Runs that go on for as long as the environment says.</summary>
internal static class OptInRun
{
    /// <summary>The duration that a variable gives, such as 10m or 90s; zero if it is not set.</summary>
    public static TimeSpan Duration(string variable) => Environment.GetEnvironmentVariable(variable) switch
    {
        null or "" => TimeSpan.Zero,
        var text when text[^1] is 'm' => TimeSpan.FromMinutes(double.Parse(text[..^1], CultureInfo.InvariantCulture)),
        var text when text[^1] is 's' => TimeSpan.FromSeconds(double.Parse(text[..^1], CultureInfo.InvariantCulture)),
        var text => throw new ArgumentException($"{variable} is {text}; it must be like 10m or 90s."),
    };
}
