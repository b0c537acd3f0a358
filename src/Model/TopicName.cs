using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Loire.Model;

/// <summary>
/// The name of a topic: 1 to 249 of <c>[A-Za-z0-9._-]</c>, neither "." nor ".." (Kafka's rule, org.apache.kafka.common.internals.Topic).
/// Every instance except <c>default</c> holds a legal name. Strings convert implicitly and are validated.
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

    /// <summary>Parses a name, for parameter binders.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, IFormatProvider? provider, out TopicName name) =>
        TryParse(text, out name, out _);

    static TopicName IParsable<TopicName>.Parse(string text, IFormatProvider? provider) => Parse(text);

    /// <summary>
    /// The name with '.' replaced by '_'. Two topics whose names agree in this form share metric names, so the second is refused, as in
    /// Kafka.
    /// </summary>
    public string MetricForm => Value.Replace('.', '_');

    /// <summary>
    /// Whether it is one of Kafka's internal topics, which brokers write and clients only read: clients that produce to one are refused
    /// with <see cref="ErrorCode.InvalidTopicException"/>. As in Kafka, they can be created, altered and deleted like any other topic.
    /// </summary>
    public bool IsInternal => Value is "__consumer_offsets" or "__transaction_state" or "__share_group_state";

    /// <summary>Ordinal order of the text.</summary>
    public int CompareTo(TopicName other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>The name as text.</summary>
    public override string ToString() => Value;
}
