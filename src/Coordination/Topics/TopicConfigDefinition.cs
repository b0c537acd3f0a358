using System.Diagnostics.CodeAnalysis;

namespace Loire.Coordination.Topics;

/// <summary>Whether this version enforces a configuration.</summary>
public enum ConfigEffect
{
    /// <summary>The configuration is enforced.</summary>
    InForce,

    /// <summary>The configuration is validated and stored, so that topics can be set up as intended, but has no effect yet.</summary>
    NotYetEnforced,
}

/// <summary>A configuration that topics may have.</summary>
/// <param name="name">Kafka's name for it.</param>
/// <param name="defaultText">The default value, as text.</param>
/// <param name="effect">Whether this version enforces it.</param>
/// <param name="documentation">One sentence: meaning and unit.</param>
public abstract class TopicConfigDefinition(string name, string defaultText, ConfigEffect effect, string documentation)
{
    /// <summary>Kafka's name for it.</summary>
    public string Name { get; } = name;

    /// <summary>The default value, as text.</summary>
    public string DefaultText { get; } = defaultText;

    /// <summary>Whether this version enforces it.</summary>
    public ConfigEffect Effect { get; } = effect;

    /// <summary>One sentence: meaning and unit.</summary>
    public string Documentation { get; } = documentation;

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
/// <param name="effect">Whether this version enforces it.</param>
/// <param name="documentation">One sentence: meaning and unit.</param>
public sealed class TopicConfigDefinition<T>(string name, ConfigType<T> type, T defaultValue, ConfigEffect effect, string documentation)
    : TopicConfigDefinition(name, type.Format(defaultValue), effect, documentation)
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
