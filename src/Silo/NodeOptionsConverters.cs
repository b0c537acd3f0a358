using System.ComponentModel;
using System.Globalization;
using System.Net;
using Loire.Kafka.Requests;
using Loire.WebApi.RestProxy.Consumers;

namespace Loire.Silo;

/// <summary>Parses a setting whose text differs from its value; throws <see cref="FormatException"/> if it is invalid.</summary>
internal abstract class SettingConverter : TypeConverter
{
    public sealed override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string);

    public sealed override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) => Read((string)value);

    protected abstract object? Read(string text);
}

/// <summary>Parses one of a fixed set of words, case-insensitively.</summary>
internal abstract class WordConverter(params (string Word, object? Value)[] words) : SettingConverter
{
    protected sealed override object? Read(string text)
    {
        foreach (var (word, value) in words)
        {
            if (word.Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        throw new FormatException($"'{text}' is not one of {string.Join(", ", words.Select(known => known.Word))}.");
    }
}

internal sealed class StorageConverter() : WordConverter(("file", StoreKind.File), ("azure", StoreKind.Azure));

internal sealed class ClusteringConverter() : WordConverter(
    ("none", ClusteringKind.None), ("postgres", ClusteringKind.Postgres), ("azure", ClusteringKind.Azure), ("redis", ClusteringKind.Redis));

internal sealed class SwitchConverter() : WordConverter(("on", true), ("off", false));

internal sealed class LogFormatConverter() : WordConverter(("text", false), ("json", true));

internal sealed class CommitMeaningConverter()
    : WordConverter(("last-read", CommitMeaning.LastRead), ("next-to-read", CommitMeaning.NextToRead), ("off", null));

internal sealed class ForwardedHeaderConverter()
    : WordConverter(("x-forwarded", ForwardedHeaderKind.XForwarded), ("forwarded", ForwardedHeaderKind.Forwarded));

internal sealed class LogLevelConverter() : WordConverter(
    ("trace", LogLevel.Trace), ("debug", LogLevel.Debug), ("information", LogLevel.Information),
    ("warning", LogLevel.Warning), ("error", LogLevel.Error), ("critical", LogLevel.Critical));

/// <summary>Converts a whole number of mebibytes to bytes.</summary>
internal sealed class MegabytesConverter : SettingConverter
{
    protected override object Read(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) * 1024L * 1024;
}

/// <summary>Parses milliseconds.</summary>
internal sealed class MillisecondsConverter : SettingConverter
{
    protected override object Read(string text) => TimeSpan.FromMilliseconds(int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture));
}

/// <summary>Parses <c>always</c> as null, anything else as milliseconds.</summary>
internal sealed class SyncIntervalConverter : SettingConverter
{
    protected override object? Read(string text) =>
        text == "always" ? null : TimeSpan.FromMilliseconds(int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture));
}

/// <summary>Parses URLs of IP addresses, separated by ';'.</summary>
internal sealed class EndpointsConverter : SettingConverter
{
    protected override object Read(string text) => text.Split(';').Select(ReadOne).ToArray();

    private static IPEndPoint ReadOne(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url)
            || url is not { Scheme: "http", PathAndQuery: "/", UserInfo: "" })
        {
            throw text.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ? new TlsNotOfferedException() : new FormatException();
        }

        return url.HostNameType switch
        {
            UriHostNameType.IPv4 or UriHostNameType.IPv6 => new IPEndPoint(IPAddress.Parse(url.IdnHost), url.Port),
            _ when url.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) => new IPEndPoint(IPAddress.Loopback, url.Port),
            _ => throw new FormatException(),
        };
    }
}

/// <summary>Parses addresses with ports, separated by ';', or the word none.</summary>
internal sealed class KafkaEndpointsConverter : SettingConverter
{
    protected override object Read(string text) =>
        text.Equals("none", StringComparison.OrdinalIgnoreCase) ? Array.Empty<IPEndPoint>() : text.Split(';', StringSplitOptions.TrimEntries).Select(ReadOne).ToArray();

    // The framework's own parser takes an address without a port, and a bare IPv6 address whose end looks like one.
    private static IPEndPoint ReadOne(string text) => AdvertisedAddressesConverter.ReadOne(text, lowestPort: 0) is var (host, port) && host == "localhost"
        ? new IPEndPoint(IPAddress.Loopback, port)
        : new IPEndPoint(IPAddress.Parse(host), port);
}

/// <summary>Parses hosts with ports, separated by ';'.</summary>
internal sealed class AdvertisedAddressesConverter : SettingConverter
{
    public static (string Host, int Port) ReadOne(string text, int lowestPort)
    {
        var colon = text.LastIndexOf(':');
        var host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        var isName = Uri.CheckHostName(host) is not UriHostNameType.Unknown;
        var isPort = int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port >= lowestPort && port <= IPEndPoint.MaxPort;
        return isName && isPort && text.StartsWith('[') == host.Contains(':', StringComparison.Ordinal) ? (host, port) : throw new FormatException();
    }

    protected override object Read(string text) => text.Split(';', StringSplitOptions.TrimEntries)
        .Select(one => ReadOne(one, lowestPort: 1) is var (host, port) ? new AdvertisedAddress(host, port) : null!).ToArray();
}

/// <summary>Parses an IP address.</summary>
internal sealed class AddressConverter : SettingConverter
{
    protected override object Read(string text) => IPAddress.Parse(text);
}

/// <summary>Parses IP addresses and networks, separated by ';'.</summary>
internal sealed class NetworksConverter : SettingConverter
{
    protected override object Read(string text) => text.Split(';', StringSplitOptions.TrimEntries).Select(ReadOne).ToArray();

    private static IPNetwork ReadOne(string text) =>
        IPAddress.TryParse(text, out var address)
            ? new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128)
            : IPNetwork.Parse(text);
}

/// <summary>Parses web origins, separated by ';', into the form in which browsers send them.</summary>
internal sealed class OriginsConverter : SettingConverter
{
    protected override object Read(string text) =>
        text == "*" ? new[] { text } : text.Split(';', StringSplitOptions.TrimEntries).Select(ReadOne).ToArray();

    private static string ReadOne(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", PathAndQuery: "/", UserInfo: "", Fragment: "" }
            && !text.EndsWith('/')
            ? $"{url.Scheme}://{url.IdnHost}{(url.IsDefaultPort ? "" : $":{url.Port}")}"
            : throw new FormatException();
}

/// <summary>An https URL was given; the message suggests a proxy.</summary>
internal sealed class TlsNotOfferedException() : FormatException("TLS is not offered yet, put a proxy before the node");
