using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Loire.Model;

/// <summary>
/// The id of a consumer group: 1 to <see cref="Limits.GroupIdLength"/> characters, and as many bytes of UTF-8, without control characters.
/// Kafka allows any text; ours becomes part of storage keys. Ids of members and of their instances follow the same rules. An instance
/// always holds a legal id, except <c>default</c>, which holds none.
/// </summary>
public readonly record struct GroupId : IComparable<GroupId>
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string? _value;

    private GroupId(string value) => _value = value;

    /// <summary>The id as text; empty for <c>default</c>.</summary>
    public string Value => _value ?? "";

    /// <summary>Reads an id, or says in one sentence why it is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out GroupId id, [NotNullWhen(false)] out string? problem)
    {
        problem = FindProblem(text);
        id = problem is null ? new GroupId(text!) : default;
        return problem is null;
    }

    /// <summary>Reads an id that is known to be legal.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static GroupId Parse(string text) =>
        TryParse(text, out var id, out var problem) ? id : throw new FormatException(problem);

    /// <summary>What is wrong with an id, in one sentence; null if it is legal.</summary>
    public static string? FindProblem(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "A group id must not be empty.";
        }

        if (text.Length > Limits.GroupIdLength)
        {
            return $"A group id has at most {Limits.GroupIdLength} characters.";
        }

        foreach (var character in text)
        {
            if (char.IsControl(character))
            {
                return "A group id has no control characters.";
            }
        }

        try
        {
            return Utf8.GetByteCount(text) > Limits.GroupIdLength ? $"A group id has at most {Limits.GroupIdLength} bytes of UTF-8." : null;
        }
        catch (EncoderFallbackException)
        {
            return "A group id is well-formed Unicode text.";
        }
    }

    /// <summary>
    /// One of <paramref name="count"/> places for the group, as Kafka finds the partition of <c>__consumer_offsets</c>: the absolute value of
    /// Java's hash of the text, where that of the smallest number is 0.
    /// </summary>
    public int Place(int count)
    {
        var hash = 0;
        foreach (var character in Value)
        {
            hash = unchecked((31 * hash) + character);
        }

        return (hash == int.MinValue ? 0 : Math.Abs(hash)) % count;
    }

    /// <summary>Ordinal order of the text.</summary>
    public int CompareTo(GroupId other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>The id as text.</summary>
    public override string ToString() => Value;
}
