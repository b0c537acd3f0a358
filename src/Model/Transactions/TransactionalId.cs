using System.Diagnostics.CodeAnalysis;

namespace Loire.Model.Transactions;

/// <summary>
/// The id under which a transactional producer is known beyond its restarts (KIP-98): 1 to <see cref="Limits.GroupIdLength"/> characters, and as many
/// bytes of UTF-8, without control characters. Every instance except <c>default</c> holds a legal id. Strings convert implicitly and are validated.
/// </summary>
[GenerateSerializer, Immutable, Alias("loire.TransactionalId")]
public readonly record struct TransactionalId : IComparable<TransactionalId>, IParsable<TransactionalId>
{
    [Id(0)]
    private readonly string? _value;

    private TransactionalId(string value) => _value = value;

    /// <summary>The id as text; empty for <c>default</c>.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses an id; <paramref name="problem"/> states the violated rule.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TransactionalId id, [NotNullWhen(false)] out string? problem)
    {
        problem = FindProblem(text);
        id = problem is null ? new TransactionalId(text!) : default;
        return problem is null;
    }

    /// <summary>Parses an id that the caller expects to be legal.</summary>
    /// <exception cref="InvalidIdentifierException"><paramref name="text"/> is not a legal id.</exception>
    public static TransactionalId Parse(string? text) =>
        TryParse(text, out var id, out var problem) ? id : throw new InvalidIdentifierException(ErrorCode.InvalidRequest, problem);

    /// <summary>Parses an id, as parameter binders do.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, IFormatProvider? provider, out TransactionalId id) =>
        TryParse(text, out id, out _);

    static TransactionalId IParsable<TransactionalId>.Parse(string text, IFormatProvider? provider) => Parse(text);

    /// <summary>Returns the rule that <paramref name="text"/> violates, as a sentence; null for a legal id.</summary>
    public static string? FindProblem(string? text) => IdentifierRules.FindProblem(text, "A transactional id");

    /// <summary>Maps the id to one of <paramref name="count"/> slots, as Kafka maps it to a partition of <c>__transaction_state</c>.</summary>
    public int Place(int count) => IdentifierRules.Place(Value, count);

    /// <inheritdoc cref="Parse"/>
    public static implicit operator TransactionalId(string text) => Parse(text);

    /// <summary>Ordinal order of the text.</summary>
    public int CompareTo(TransactionalId other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>The id as text.</summary>
    public override string ToString() => Value;
}
