using System.Globalization;
using System.Net;
using Azure.Storage.Blobs;
using Loire.WebApi.Dialects;

namespace Loire.Silo;

/// <summary>One setting of a node: its name on the command line, what it takes, what it means, and how its text is read.</summary>
/// <param name="Name">Without the leading dashes; the environment has it in capitals behind <c>LOIRE_</c>, appsettings.json under <c>Loire</c>.</param>
/// <param name="Takes">What stands behind it; null for a flag.</param>
/// <param name="Meaning">For <c>--help</c>.</param>
/// <param name="Apply">Reads the text into the options; what is wrong with it, or null.</param>
public sealed record NodeSetting(string Name, string? Takes, string Meaning, Func<NodeOptions, string, string?> Apply)
{
    /// <summary>The variable of the environment.</summary>
    public string Variable => "LOIRE_" + Name.Replace('-', '_').ToUpperInvariant();

    /// <summary>Every setting.</summary>
    public static IReadOnlyList<NodeSetting> All { get; } =
    [
        new("data", "DIR", "directory of the file store (./data)", (options, text) => Put(text.Length > 0, () => options.Data = text, "a directory")),
        new("urls", "URL", "where the HTTP API listens; several separated by ';' (http://127.0.0.1:8080)", ReadUrls),
        new("insecure", null, "allow URLs beyond this machine: there is no authentication yet, so whoever reaches them can read, write and delete everything",
            (options, text) => bool.TryParse(text, out var on) ? Put(true, () => options.Insecure = on, "") : "true or false"),
        new("storage", "file|azure", "which store (file)", (options, text) => text switch
        {
            "file" => Put(true, () => options.Storage = StoreKind.File, ""),
            "azure" => Put(true, () => options.Storage = StoreKind.Azure, ""),
            _ => "file or azure",
        }),
        new("azure-connection", "STRING", "connection string of the storage account; better given as LOIRE_AZURE_CONNECTION, which no process list shows",
            (options, text) => Put(IsConnection(text), () => options.AzureConnection = text, "a connection string such as UseDevelopmentStorage=true")),
        new("azure-container", "NAME", "blob container (loire)",
            (options, text) => Put(IsContainerName(text), () => options.AzureContainer = text, "3 to 63 of a-z, 0-9 and single '-' between them")),
        new("cluster-id", "NAME", "name of the cluster (loire)",
            (options, text) => Put(IsWord(text), () => options.ClusterId = text, "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")),
        new("silo-port", "PORT", "port for other silos; 0 for any free one (0)", (options, text) => Number(text, 0, 65_535, value => options.SiloPort = (int)value)),
        new("gateway-port", "PORT", "port for Orleans clients; 0 for none (0)", (options, text) => Number(text, 0, 65_535, value => options.GatewayPort = (int)value)),
        new("fsync", "always|MS", "sync before every acknowledgement, or only every MS milliseconds: a power cut may then lose that much (always)", ReadSync),
        new("cache-mb", "MB", "memory for reads (256)", (options, text) => Number(text, 0, 1_000_000, value => options.CacheBytes = value * 1024 * 1024)),
        new("max-connections", "N", "HTTP connections at once (20000)", (options, text) => Number(text, 1, 1_000_000, value => options.MaxConnections = (int)value)),
        new("v2-api", "last-read|next-to-read|off", "the v2 API of REST proxies, by what a commit there has: the last record read, as Confluent's, or the next one (last-read)",
            (options, text) => text switch
            {
                "last-read" => Put(true, () => options.V2Commits = CommitMeaning.LastRead, ""),
                "next-to-read" => Put(true, () => options.V2Commits = CommitMeaning.NextToRead, ""),
                "off" => Put(true, () => options.V2Commits = null, ""),
                _ => "last-read, next-to-read or off",
            }),
        new("log-format", "text|json", "form of the log on standard output (text)", (options, text) => text switch
        {
            "text" => Put(true, () => options.JsonLogs = false, ""),
            "json" => Put(true, () => options.JsonLogs = true, ""),
            _ => "text or json",
        }),
        new("log-level", "LEVEL", "trace, debug, information, warning, error or critical (information)",
            (options, text) => Put(
                Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level) && level < LogLevel.None && !char.IsAsciiDigit(text[0]),
                () => options.LogLevel = level,
                "trace, debug, information, warning, error or critical")),
    ];

    private static string? Put(bool isRight, Action put, string expected)
    {
        if (!isRight)
        {
            return expected;
        }

        put();
        return null;
    }

    private static string? Number(string text, long min, long max, Action<long> put) => Put(
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max,
        () => put(value),
        string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"));

    private static string? ReadSync(NodeOptions options, string text)
    {
        if (text == "always")
        {
            options.SyncInterval = null;
            return null;
        }

        return Number(text, 1, 60_000, value => options.SyncInterval = TimeSpan.FromMilliseconds(value)) is null ? null : "always, or milliseconds from 1 to 60000";
    }

    private static string? ReadUrls(NodeOptions options, string text)
    {
        const string Expected = "http://ADDRESS:PORT with an IP address or localhost, and nothing behind it";
        var endpoints = new List<IPEndPoint>();
        foreach (var part in text.Split(';'))
        {
            if (!Uri.TryCreate(part, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || url.PathAndQuery != "/" || url.UserInfo.Length > 0)
            {
                return part.StartsWith("https:", StringComparison.OrdinalIgnoreCase)
                    ? Expected + "; TLS is not offered yet, put a proxy before the node"
                    : Expected;
            }

            var host = url.HostNameType switch
            {
                UriHostNameType.IPv4 or UriHostNameType.IPv6 => IPAddress.Parse(url.IdnHost),
                _ when url.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) => IPAddress.Loopback,
                _ => null,
            };
            if (host is null)
            {
                return Expected;
            }

            endpoints.Add(new IPEndPoint(host, url.Port));
        }

        options.Endpoints = endpoints;
        return null;
    }

    private static bool IsWord(string text) =>
        text.Length is >= 1 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static bool IsConnection(string text)
    {
        try
        {
            _ = new BlobServiceClient(text);
            return true;
        }
        catch (Exception problem) when (problem is FormatException or ArgumentException)
        {
            return false;
        }
    }

    private static bool IsContainerName(string text) =>
        text.Length is >= 3 and <= 63 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && text[0] != '-' && text[^1] != '-' && !text.Contains("--", StringComparison.Ordinal);
}
