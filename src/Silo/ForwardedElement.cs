using System.Buffers;
using System.Net;
using System.Text;

namespace Loire.Silo;

/// <summary>What one proxy says of the request that it received.</summary>
/// <param name="Address">Who sent it; null if the proxy does not say or hides it (<c>unknown</c>, <c>_name</c>).</param>
/// <param name="Scheme"><c>http</c> or <c>https</c>; null if it does not say.</param>
/// <param name="Host">The Host that it received; null if it does not say.</param>
internal sealed record ForwardedElement(IPAddress? Address, string? Scheme, HostString? Host)
{
    private static readonly SearchValues<char> TokenChars =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> HostChars =
        SearchValues.Create("-.0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~");

    /// <summary>
    /// The elements of a header <c>Forwarded</c> (RFC 7239, section 4), the one of the last proxy last; none if it is not well-formed. Takes time
    /// linear in its length, which the server bounds.
    /// </summary>
    public static IReadOnlyList<ForwardedElement> Parse(ReadOnlySpan<char> header)
    {
        var elements = new List<ForwardedElement>();
        var current = new ForwardedElement(null, null, null);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        while (true)
        {
            header = header.TrimStart(" \t");
            if (header.Length > 0 && header[0] is not (';' or ','))
            {
                // A parameter may occur once in an element, and unknown ones are passed over.
                if (!TryReadPair(ref header, out var name, out var value) || !seen.Add(name) || !TryAdd(ref current, name, value))
                {
                    return [];
                }

                header = header.TrimStart(" \t");
            }

            if (header.Length == 0 || header[0] == ',')
            {
                // A list may have empty elements (RFC 9110, section 5.6.1).
                if (seen.Count > 0)
                {
                    elements.Add(current);
                }

                current = new ForwardedElement(null, null, null);
                seen.Clear();
            }

            if (header.Length == 0)
            {
                return elements;
            }

            if (header[0] is not (';' or ','))
            {
                return [];
            }

            header = header[1..];
        }
    }

    private static bool TryAdd(ref ForwardedElement element, string name, string value)
    {
        switch (name.ToLowerInvariant())
        {
            case "for":
                element = element with { Address = ParseNode(value) };
                return true;
            case "proto":
                element = element with { Scheme = value.ToLowerInvariant() };
                return element.Scheme is "http" or "https";
            case "host":
                element = element with { Host = HostString.FromUriComponent(value) };
                return value.Length is > 0 and <= 300 && value.AsSpan().IndexOfAnyExcept(HostChars) < 0;
            default:
                return true;
        }
    }

    // 192.0.2.43, 192.0.2.43:47011, [2001:db8::17], [2001:db8::17]:47011, unknown, _hidden.
    private static IPAddress? ParseNode(string node)
    {
        var end = node.StartsWith('[') ? node.IndexOf(']') : node.IndexOf(':');
        var address = node.StartsWith('[') ? node[1..Math.Max(1, end)] : end < 0 ? node : node[..end];
        return IPAddress.TryParse(address, out var parsed) && (node.StartsWith('[') || address.Count(c => c == '.') == 3) ? parsed : null;
    }

    private static bool TryReadPair(ref ReadOnlySpan<char> header, out string name, out string value)
    {
        (name, value) = (ReadToken(ref header), "");
        if (name.Length == 0 || !header.StartsWith('='))
        {
            return false;
        }

        header = header[1..];
        if (header.StartsWith('"'))
        {
            return TryReadQuoted(ref header, out value);
        }

        value = ReadToken(ref header);
        return value.Length > 0;
    }

    private static string ReadToken(ref ReadOnlySpan<char> header)
    {
        var end = header.IndexOfAnyExcept(TokenChars);
        var token = end < 0 ? header : header[..end];
        header = header[token.Length..];
        return token.ToString();
    }

    private static bool TryReadQuoted(ref ReadOnlySpan<char> header, out string value)
    {
        var text = new StringBuilder();
        for (var i = 1; i < header.Length; i++)
        {
            if (header[i] == '"')
            {
                value = text.ToString();
                header = header[(i + 1)..];
                return true;
            }

            i += header[i] == '\\' ? 1 : 0;
            text.Append(i < header.Length ? header[i] : "");
        }

        value = "";
        return false;
    }
}
