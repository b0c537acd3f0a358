using System.Text;

namespace Loire.Model;

/// <summary>
/// The rules that ids of groups, members, instances and transactions share: 1 to <see cref="Limits.GroupIdLength"/> characters, and as many bytes of
/// UTF-8, without control characters. Kafka allows any text, but in Loire ids become part of storage keys.
/// </summary>
internal static class IdentifierRules
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Returns the violated rule as a sentence that begins with <paramref name="subject"/>; null for a legal id.</summary>
    public static string? FindProblem(string? text, string subject)
    {
        if (string.IsNullOrEmpty(text))
        {
            return $"{subject} must not be empty.";
        }

        if (text.Length > Limits.GroupIdLength)
        {
            return $"{subject} has at most {Limits.GroupIdLength} characters.";
        }

        foreach (var character in text)
        {
            if (char.IsControl(character))
            {
                return $"{subject} has no control characters.";
            }
        }

        try
        {
            return Utf8.GetByteCount(text) > Limits.GroupIdLength ? $"{subject} has at most {Limits.GroupIdLength} bytes of UTF-8." : null;
        }
        catch (EncoderFallbackException)
        {
            return $"{subject} is well-formed Unicode text.";
        }
    }

    /// <summary>
    /// Maps an id to one of <paramref name="count"/> slots, as Kafka maps groups and transactional ids to the partitions of their topics: the absolute
    /// value of Java's hash of the text (0 for the smallest integer), modulo the count.
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
