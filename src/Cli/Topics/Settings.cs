using Loire.Cli.Failures;

namespace Loire.Cli.Topics;

/// <summary>Settings on the command line, as <c>name=value</c>.</summary>
internal static class Settings
{
    public static KeyValuePair<string, string>[] Parse(string[] texts) => Array.ConvertAll(texts, text =>
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? KeyValuePair.Create(text[..equals], text[(equals + 1)..])
            : throw CliException.Usage($"'{text}' is no setting.", "it looks like retention.ms=3600000.");
    });
}
