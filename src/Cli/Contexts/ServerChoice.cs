using Loire.Cli.Failures;

namespace Loire.Cli.Contexts;

/// <summary>
/// Chooses the nodes of a command, which is sent to the first of them that can be reached. The command line takes precedence over the environment,
/// the environment over the file, and addresses over a context from the same source.
/// </summary>
internal static class ServerChoice
{
    public const string Default = "http://127.0.0.1:8080";

    /// <param name="servers">The addresses of the command line, several in one text too; empty if it has none.</param>
    /// <param name="context">The context of the command line; null if it has none.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <returns>At least one address.</returns>
    public static IReadOnlyList<Uri> Choose(string[] servers, string? context, Func<string, string?> environment)
    {
        if (servers.Length > 0)
        {
            return Parse(string.Join(',', servers));
        }

        if (context is null && environment("LOIRE_SERVER") is { Length: > 0 } fromEnvironment)
        {
            return Parse(fromEnvironment);
        }

        var wanted = context ?? (environment("LOIRE_CONTEXT") is { Length: > 0 } named ? named : null);
        var file = ContextFile.Read(environment);
        wanted ??= file.Current;
        return wanted is null ? Parse(Default)
            : file.Servers.TryGetValue(wanted, out var address) ? Parse(address)
            : throw Unknown(wanted);
    }

    /// <summary>Parses addresses, separated by commas; the default scheme is http.</summary>
    public static IReadOnlyList<Uri> Parse(string text) => [.. text.Split(',', StringSplitOptions.TrimEntries).Select(ParseOne).Distinct()];

    public static CliException Unknown(string name) =>
        new(ExitCode.NotFound, "RESOURCE_NOT_FOUND", $"There is no context '{name}'.", "'loire context list' shows them.");

    private static Uri ParseOne(string text)
    {
        var full = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        return Uri.TryCreate(full, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https" } && uri.Host.Length > 0
            && uri.Query.Length == 0
            ? new Uri(uri.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/")
            : throw CliException.Usage($"'{text}' is not the address of a server.", "it looks like http://127.0.0.1:8080.");
    }
}
