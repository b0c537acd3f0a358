using System.Diagnostics.CodeAnalysis;

namespace Loire.Model;

/// <summary>
/// The id of a group's member, under the rules of a <see cref="GroupId"/>. A member chooses a new one for each life (a random UUID).
/// Every instance except <c>default</c> holds a legal id. Strings convert implicitly and are validated.
/// </summary>
[GenerateSerializer, Immutable, Alias("loire.MemberId")]
public readonly record struct MemberId : IComparable<MemberId>
{
    [Id(0)]
    private readonly string? _value;

    private MemberId(string value) => _value = value;

    /// <summary>The id as text; empty for <c>default</c>.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses an id; <paramref name="problem"/> states the violated rule.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MemberId id, [NotNullWhen(false)] out string? problem)
    {
        problem = FindProblem(text);
        id = problem is null ? new MemberId(text!) : default;
        return problem is null;
    }

    /// <summary>Parses an id that the caller expects to be legal.</summary>
    /// <exception cref="InvalidIdentifierException"><paramref name="text"/> is not a legal id.</exception>
    public static MemberId Parse(string? text) =>
        TryParse(text, out var id, out var problem) ? id : throw new InvalidIdentifierException(ErrorCode.InvalidRequest, problem);

    /// <summary>Returns the rule that <paramref name="text"/> violates, as a sentence; null for a legal id.</summary>
    public static string? FindProblem(string? text) => IdentifierRules.FindProblem(text, "A member id");

    /// <inheritdoc cref="Parse"/>
    public static implicit operator MemberId(string text) => Parse(text);

    /// <summary>Ordinal order of the text.</summary>
    public int CompareTo(MemberId other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>The id as text.</summary>
    public override string ToString() => Value;
}
