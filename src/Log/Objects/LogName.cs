using System.Buffers;
using System.Globalization;
using System.Text;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>
/// The name of one log among all logs of a storage: segments joined by '/'. It becomes part of storage keys (on Azure: of blob names, and
/// so of URLs), so every byte that is not an ASCII letter, a digit, '-' or '_' is escaped as '=' and two hexadecimal digits. So a
/// name chosen by a user can be a segment: it cannot escape its segment, and different names have different keys.
/// </summary>
internal sealed class LogName
{
    /// <summary>
    /// The most characters of an escaped name: a blob name has at most 1,024, some of which the key of an object needs.
    /// </summary>
    public const int MaxLength = 900;

    /// <summary>The grain type of every object, with which the texts of their ids begin.</summary>
    public const string GrainType = "log";

    private static readonly SearchValues<char> Legal =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/");

    /// <summary>Validates a name.</summary>
    /// <exception cref="ArgumentException">The name is empty, has an empty segment, or is too long.</exception>
    public LogName(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (text[0] == '/' || text[^1] == '/' || text.Contains("//", StringComparison.Ordinal))
        {
            throw new ArgumentException("The segments of a log's name must not be empty.", nameof(text));
        }

        Text = text.AsSpan().ContainsAnyExcept(Legal) ? Escape(text) : text;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Text.Length, MaxLength, nameof(text));
        Tag = Crc32C.Compute(Encoding.ASCII.GetBytes(Text));
    }

    /// <summary>The name whose escaped text is part of a key.</summary>
    /// <exception cref="ArgumentException">No name is escaped like this.</exception>
    public static LogName FromKey(string escaped) =>
        new LogName(Unescape(escaped)) is { } name && name.Text == escaped
            ? name : throw new ArgumentException("The text is no escaped name of a log.", nameof(escaped));

    /// <summary>The escaped name, as used in keys.</summary>
    public string Text { get; }

    /// <summary>
    /// A checksum of the name. Every object carries it, so that an object returned under the wrong key is detected.
    /// </summary>
    public uint Tag { get; }

    /// <summary>How the texts of the ids of all objects of the log begin.</summary>
    public string KeyPrefix => $"{GrainType}/{Text}/";

    /// <summary>The storage key of one of the log's objects.</summary>
    /// <param name="key">The key within the log.</param>
    /// <param name="incarnation">The <see cref="Head.Incarnation"/> of the log; the head's own key does not depend on it.</param>
    public GrainId IdOf(ObjectKey key, Guid? incarnation) => GrainId.Create(
        GrainType, incarnation is { } guid && key != ObjectKey.Head ? $"{Text}/{guid:N}/{key}" : $"{Text}/{key}");

    /// <summary>The name as it was given.</summary>
    public static string Unescape(string escaped) => Uri.UnescapeDataString(escaped.Replace('=', '%'));

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (b < 128 && Legal.Contains((char)b))
            {
                escaped.Append((char)b);
            }
            else
            {
                escaped.Append('=').Append(b.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return escaped.ToString();
    }
}
