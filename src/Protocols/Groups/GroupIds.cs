using System.Text;
using Loire.Model;

namespace Loire.Protocols.Groups;

/// <summary>What a group's id may be, and what follows from it.</summary>
public static class GroupIds
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Says in one sentence what is wrong with an id; null if it is legal: 1 to <see cref="Limits.GroupIdLength"/> characters, and as many
    /// bytes of UTF-8, without control characters. Kafka allows any text; ours becomes part of storage keys.
    /// </summary>
    public static string? Problem(string? id)
    {
        if (string.IsNullOrEmpty(id))
        {
            return "A group id must not be empty.";
        }

        if (id.Length > Limits.GroupIdLength)
        {
            return $"A group id has at most {Limits.GroupIdLength} characters.";
        }

        foreach (var character in id)
        {
            if (char.IsControl(character))
            {
                return "A group id has no control characters.";
            }
        }

        try
        {
            return Utf8.GetByteCount(id) > Limits.GroupIdLength ? $"A group id has at most {Limits.GroupIdLength} bytes of UTF-8." : null;
        }
        catch (EncoderFallbackException)
        {
            return "A group id is well-formed Unicode text.";
        }
    }

    /// <summary>
    /// One of <paramref name="count"/> places for a group, as Kafka finds the partition of <c>__consumer_offsets</c>: the absolute value of
    /// Java's hash of the text, where that of the smallest number is 0.
    /// </summary>
    public static int Place(string id, int count)
    {
        var hash = 0;
        foreach (var character in id)
        {
            hash = unchecked((31 * hash) + character);
        }

        return (hash == int.MinValue ? 0 : Math.Abs(hash)) % count;
    }
}
