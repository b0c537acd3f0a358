using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;

namespace Loire.Cli.CommandLine;

/// <summary>
/// The framework's help with the names of options in one column: an option without a letter stands below the names of the others, not below
/// their letters.
/// </summary>
/// <param name="help">The framework's.</param>
internal sealed partial class AlignedHelp(HelpAction help) : SynchronousCommandLineAction
{
    private const string Letter = "    ";

    public override bool ClearsParseErrors => help.ClearsParseErrors;

    public override int Invoke(ParseResult parseResult)
    {
        var configuration = parseResult.InvocationConfiguration;
        var output = configuration.Output;
        using var text = new StringWriter();
        help.MaxWidth -= Letter.Length;
        configuration.Output = text;
        try
        {
            return help.Invoke(parseResult);
        }
        finally
        {
            configuration.Output = output;
            output.Write(Align(text.ToString()));
        }
    }

    /// <summary>Moves the names that have no letter, and what is right of the names, by the width of a letter.</summary>
    public static string Align(string text)
    {
        var lines = text.Split('\n');
        var first = Array.FindIndex(lines, static line => Row().IsMatch(line));
        if (first < 0)
        {
            return text;
        }

        var column = Row().Match(lines[first]).Groups["text"].Index;
        for (var i = first; i < lines.Length && lines[i].TrimEnd().Length > 0; i++)
        {
            var isOption = lines[i].StartsWith("  -", StringComparison.Ordinal);
            var at = !isOption ? 0 : lines[i].StartsWith("  --", StringComparison.Ordinal) ? 2 : Math.Min(column, lines[i].TrimEnd().Length);
            lines[i] = lines[i].Insert(at, Letter);
        }

        return string.Join('\n', lines);
    }

    [GeneratedRegex(@"^  -\S+(, -\S+)*( <[^>]*>)?  +(?<text>\S)")]
    private static partial Regex Row();
}
