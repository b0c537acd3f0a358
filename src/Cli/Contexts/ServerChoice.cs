using Loire.Cli.Failures;

namespace Loire.Cli.Contexts;

/// <summary>
/// Chooses the node of a command. The command line takes precedence over the environment, the environment over the file, and an address
/// over a context from the same source.
/// </summary>
internal static class ServerChoice
{
    public const string Default = "http://127.0.0.1:8080";

    public static Uri Choose(string? server, string? context, Func<string, string?> environment)
    {
        if (server is not null)
        {
            return Parse(server);
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

    /// <summary>Parses an address; the default scheme is http.</summary>
    public static Uri Parse(string text)
    {
        var full = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        return Uri.TryCreate(full, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https" } && uri.Host.Length > 0
            && uri.Query.Length == 0
            ? new Uri(uri.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/")
            : throw CliException.Usage($"'{text}' is not the address of a server.", "it looks like http://127.0.0.1:8080.");
    }

    public static CliException Unknown(string name) =>
        new(ExitCode.NotFound, "RESOURCE_NOT_FOUND", $"There is no context '{name}'.", "'loire context list' shows them.");
}
