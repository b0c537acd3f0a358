using System.CommandLine;
using Loire.Cli.Failures;

namespace Loire.Cli.Topics;

/// <summary>Settings on the command line, as <c>name=value</c>.</summary>
internal static class Settings
{
    /// <summary>Creates the option, which every command has under the same names.</summary>
    public static Option<string[]> Option(string description) =>
        new("--config", "-c", "--set") { Description = description, HelpName = "NAME=VALUE" };

    public static KeyValuePair<string, string>[] Parse(string[] texts) => Array.ConvertAll(texts, text =>
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? KeyValuePair.Create(text[..equals], text[(equals + 1)..])
            : throw CliException.Usage($"'{text}' is no setting.", "it looks like retention.ms=3600000.");
    });
}
