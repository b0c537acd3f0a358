using System.Globalization;

namespace Loire.Client.Tests;

/// <summary>What the environment says of random runs: how long they go on, and from which seed they are made.</summary>
internal static class OptInRun
{
    private static readonly Lock Gate = new();

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

    /// <summary>Appends a line to the file that <c>LOIRE_RUN_LOG</c> names, if it does: the runner shows the output of a test only once that has ended.</summary>
    public static void Log(string line)
    {
        if (Environment.GetEnvironmentVariable("LOIRE_RUN_LOG") is { Length: > 0 } path)
        {
            lock (Gate)
            {
                File.AppendAllText(path, line + Environment.NewLine);
            }
        }
    }
}
