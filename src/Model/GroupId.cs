using System.Diagnostics.CodeAnalysis;

namespace Loire.Model;

/// <summary>
/// The id of a consumer group: 1 to <see cref="Limits.GroupIdLength"/> characters, and as many bytes of UTF-8, without control characters.
/// Every instance except <c>default</c> holds a legal id. Strings convert implicitly and are validated.
/// </summary>
[GenerateSerializer, Immutable, Alias("loire.GroupId")]
public readonly record struct GroupId : IComparable<GroupId>, IParsable<GroupId>
{
    [Id(0)]
    private readonly string? _value;

    private GroupId(string value) => _value = value;

    /// <summary>The id as text; empty for <c>default</c>.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses an id; <paramref name="problem"/> states the violated rule.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out GroupId id, [NotNullWhen(false)] out string? problem)
    {
        problem = FindProblem(text);
        id = problem is null ? new GroupId(text!) : default;
        return problem is null;
    }

    /// <summary>Parses an id that the caller expects to be legal.</summary>
    /// <exception cref="InvalidIdentifierException"><paramref name="text"/> is not a legal id.</exception>
    public static GroupId Parse(string? text) =>
        TryParse(text, out var id, out var problem) ? id : throw new InvalidIdentifierException(ErrorCode.InvalidGroupId, problem);

    /// <summary>Parses an id, as parameter binders do.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, IFormatProvider? provider, out GroupId id) =>
        TryParse(text, out id, out _);

    static GroupId IParsable<GroupId>.Parse(string text, IFormatProvider? provider) => Parse(text);

    /// <summary>Returns the rule that <paramref name="text"/> violates, as a sentence; null for a legal id.</summary>
    public static string? FindProblem(string? text) => IdentifierRules.FindProblem(text, "A group id");

    /// <summary>Maps the group to one of <paramref name="count"/> slots, as Kafka maps it to a partition of <c>__consumer_offsets</c>.</summary>
    public int Place(int count) => IdentifierRules.Place(Value, count);

    /// <inheritdoc cref="Parse"/>
    public static implicit operator GroupId(string text) => Parse(text);

    /// <summary>Ordinal order of the text.</summary>
    public int CompareTo(GroupId other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>The id as text.</summary>
    public override string ToString() => Value;
}
