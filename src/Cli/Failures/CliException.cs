using System.Text;

namespace Loire.Cli.Failures;

/// <summary>Ends a command with an exit code and one line on standard error.</summary>
internal class CliException(ExitCode exit, string name, string detail, string? hint = null) : Exception(detail)
{
    public ExitCode Exit => exit;

    /// <summary>Kafka's name of the error, or a name such as USAGE for errors of this program.</summary>
    public string Name => name;

    public string? Hint => hint;

    /// <summary>
    /// The line: name, detail, hint. Line breaks and control characters in foreign text are replaced.
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
