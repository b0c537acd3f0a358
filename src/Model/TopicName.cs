using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Loire.Model;

/// <summary>
/// The name of a topic: 1 to 249 of <c>[A-Za-z0-9._-]</c>, neither "." nor ".." (Kafka's rule, org.apache.kafka.common.internals.Topic).
/// An instance always holds a legal name, except <c>default</c>, which holds none. Text converts implicitly and is validated.
/// </summary>
[GenerateSerializer, Immutable, Alias("loire.TopicName")]
public readonly record struct TopicName : IComparable<TopicName>, IParsable<TopicName>
{
    private static readonly SearchValues<char> Legal =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    [Id(0)]
    private readonly string? _value;

    private TopicName(string value) => _value = value;

    /// <summary>The name as text; empty for <c>default</c>.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses a name; <paramref name="problem"/> states the violated rule.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out TopicName name, [NotNullWhen(false)] out string? problem)
    {
        name = default;
        problem = text switch
        {
            null or "" => "A topic name must not be empty.",
            "." or ".." => "A topic name must not be '.' or '..'.",
            { Length: > Limits.TopicNameLength } => $"A topic name has at most {Limits.TopicNameLength} characters.",
            _ when text.AsSpan().ContainsAnyExcept(Legal) => "A topic name consists of ASCII letters, digits, '.', '_' and '-'.",
            _ => null,
        };
        if (problem is not null)
        {
            return false;
        }

        name = new TopicName(text!);
        return true;
    }

    /// <summary>Parses a name that the caller expects to be legal.</summary>
    /// <exception cref="InvalidIdentifierException"><paramref name="text"/> is not a legal name.</exception>
    public static TopicName Parse(string? text) =>
        TryParse(text, out var name, out var problem) ? name : throw new InvalidIdentifierException(ErrorCode.InvalidTopicException, problem);

    /// <inheritdoc cref="Parse"/>
    public static implicit operator TopicName(string text) => Parse(text);

    /// <summary>Reads a name, as parameter binders do.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, IFormatProvider? provider, out TopicName name) =>
        TryParse(text, out name, out _);

    static TopicName IParsable<TopicName>.Parse(string text, IFormatProvider? provider) => Parse(text);

    /// <summary>
    /// The name with '.' replaced by '_'. Two topics whose names agree in this form share metric names, so the second is refused, as in
    /// Kafka.
    /// </summary>
    public string MetricForm => Value.Replace('.', '_');

    /// <summary>
    /// Whether it is one of Kafka's internal topics, which brokers write and clients only read: a client that produces to one is refused
    /// with <see cref="ErrorCode.InvalidTopicException"/>. As in Kafka they may be created, altered and deleted as any topic.
    /// </summary>
    public bool IsInternal => Value is "__consumer_offsets" or "__transaction_state" or "__share_group_state";

    /// <summary>Ordinal order of the text.</summary>
    public int CompareTo(TopicName other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>The name as text.</summary>
    public override string ToString() => Value;
}
