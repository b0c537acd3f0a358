using System.Text;

namespace Loire.Cli.Failures;

/// <summary>Ends a command with an exit code and one line on standard error.</summary>
internal class CliException(ExitCode exit, string name, string detail, string? hint = null) : Exception(detail)
{
    public ExitCode Exit => exit;

    /// <summary>Kafka's name of the error, or USAGE and the like for what never reached a node.</summary>
    public string Name => name;

    public string? Hint => hint;

    /// <summary>
    /// The line: name, detail, hint. What came from elsewhere cannot break it or reach the terminal as a control sequence.
    /// </summary>
    public string Line => OneLine($"loire: {name}: {Message}{(hint is null ? "" : " Hint: " + hint)}");

    public static CliException Usage(string detail, string? hint = null) => new(ExitCode.Usage, "USAGE", detail, hint);

    public static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            line.Append(char.IsControl(character) ? ' ' : character);
        }

        return line.ToString().TrimEnd();
    }
}
