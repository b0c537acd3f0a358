using System.IO.Hashing;
using System.Text;

namespace Loire.Kafka.Protocol.Wire;

/// <summary>
/// The short strings that one connection sent last, so that the topics, groups and ids which its requests repeat are allocated once. Not thread-safe.
/// </summary>
public sealed class StringCache
{
    // As long as the longest topic name; longer strings are not repeated by the thousand.
    private const int MaximumBytes = 249;

    // A kilobyte for each connection that has sent a request, of which there may be ten thousand.
    private const int Slots = 128;

    private string?[]? _strings;

    /// <summary>The string that UTF-8 bytes say, if it is remembered.</summary>
    internal string? Find(ReadOnlySpan<byte> utf8) =>
        utf8.Length <= MaximumBytes && _strings?[Slot(utf8)] is { } known && Ascii.Equals(utf8, known) ? known : null;

    /// <summary>Remembers a string in place of another; only what is ASCII is found again.</summary>
    internal void Remember(ReadOnlySpan<byte> utf8, string value)
    {
        if (utf8.Length <= MaximumBytes)
        {
            _strings ??= new string?[Slots];
            _strings[Slot(utf8)] = value;
        }
    }

    private static int Slot(ReadOnlySpan<byte> utf8) => (int)(XxHash3.HashToUInt64(utf8) % Slots);
}
