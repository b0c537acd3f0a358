using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>A configuration that topics may have.</summary>
/// <param name="name">Kafka's name for it.</param>
/// <param name="type">The type of its values.</param>
/// <param name="defaultText">The default value, as text.</param>
/// <param name="documentation">One sentence: meaning and unit.</param>
/// <param name="noEffect">One sentence: why it has no effect; null if it has one.</param>
public abstract class TopicConfigDefinition(string name, ConfigValueType type, string defaultText, string documentation, string? noEffect)
{
    /// <summary>Kafka's name for it.</summary>
    public string Name { get; } = name;

    /// <summary>The type of its values.</summary>
    public ConfigValueType Type { get; } = type;

    /// <summary>The default value, as text.</summary>
    public string DefaultText { get; } = defaultText;

    /// <summary>One sentence: meaning and unit.</summary>
    public string Documentation { get; } = documentation;

    /// <summary>
    /// One sentence: why this version validates and stores the configuration but does not act on it; null if it acts on it.
    /// </summary>
    public string? NoEffect { get; } = noEffect;

    /// <summary>Whether this version acts on it.</summary>
    public bool IsEffective => NoEffect is null;

    /// <summary>The allowed values, completing the sentence "it must be ...".</summary>
    public abstract string Allowed { get; }

    /// <summary>Parses a value and returns its canonical text; false if it is not allowed.</summary>
    public abstract bool TryNormalize(string text, [NotNullWhen(true)] out string? normalized);
}

/// <summary>A configuration that topics may have, with typed values.</summary>
/// <typeparam name="T">The type of a value.</typeparam>
/// <param name="name">Kafka's name for it.</param>
/// <param name="type">Parses, validates and formats values.</param>
/// <param name="defaultValue">The value if the topic sets none.</param>
/// <param name="documentation">One sentence: meaning and unit.</param>
/// <param name="noEffect">One sentence: why it has no effect; null if it has one.</param>
public sealed class TopicConfigDefinition<T>(string name, ConfigType<T> type, T defaultValue, string documentation, string? noEffect = null)
    : TopicConfigDefinition(name, type.Type, type.Format(defaultValue), documentation, noEffect)
{
    /// <inheritdoc/>
    public override string Allowed => type.Allowed;

    /// <summary>The value in the topic's own settings, or the default.</summary>
    public T Value(IReadOnlyDictionary<string, string> configs) =>
        configs.TryGetValue(Name, out var text) && type.TryParse(text, out var value) ? value : defaultValue;

    /// <inheritdoc/>
    public override bool TryNormalize(string text, [NotNullWhen(true)] out string? normalized)
    {
        normalized = type.TryParse(text, out var value) ? type.Format(value) : null;
        return normalized is not null;
    }
}
