using System.Buffers;
using System.Text;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>
/// The name of one log among all logs of a storage. It becomes part of storage keys (on Azure: of blob names and so of URLs), so it is made of what is legal
/// in all of them: segments of ASCII letters, digits, '-' and '_', joined by '/'. Names that users choose are encoded before they come here.
/// </summary>
internal sealed class LogName
{
    /// <summary>Characters of a name; a blob name has at most 1,024, and the key of an object in the log needs some of them.</summary>
    public const int MaxLength = 900;

    private const string GrainType = "log";

    private static readonly SearchValues<char> Legal =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/");

    /// <summary>Takes a name.</summary>
    /// <exception cref="ArgumentException">It is not legal.</exception>
    public LogName(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (text.Length > MaxLength
            || text.AsSpan().ContainsAnyExcept(Legal)
            || text[0] == '/' || text[^1] == '/' || text.Contains("//", StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"A log is named by at most {MaxLength} ASCII letters, digits, '-' and '_' in segments joined by '/'.", nameof(text));
        }

        Text = text;
        Tag = Crc32C.Compute(Encoding.ASCII.GetBytes(text));
    }

    /// <summary>The name itself.</summary>
    public string Text { get; }

    /// <summary>A checksum of the name. Every object carries it, so that one which storage returns under the wrong key is noticed.</summary>
    public uint Tag { get; }

    /// <summary>The storage key of one of the log's objects.</summary>
    public GrainId IdOf(ObjectKey key) => GrainId.Create(GrainType, $"{Text}/{key}");
}
