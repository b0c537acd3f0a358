using System.Diagnostics.CodeAnalysis;

namespace Loire.Coordination.Topics;

/// <summary>Whether a configuration does something in this version.</summary>
public enum ConfigEffect
{
    /// <summary>It is obeyed.</summary>
    InForce,

    /// <summary>It is checked and kept, so that a topic can be set up as it is meant to be, but nothing obeys it yet.</summary>
    NotYetEnforced,
}

/// <summary>One configuration that a topic may have.</summary>
/// <param name="name">Kafka's name for it.</param>
/// <param name="defaultText">The value where the topic sets none.</param>
/// <param name="effect">Whether it does something yet.</param>
/// <param name="documentation">One sentence: meaning and unit.</param>
public abstract class TopicConfigDefinition(string name, string defaultText, ConfigEffect effect, string documentation)
{
    /// <summary>Kafka's name for it.</summary>
    public string Name { get; } = name;

    /// <summary>The value where the topic sets none, as text.</summary>
    public string DefaultText { get; } = defaultText;

    /// <summary>Whether it does something yet.</summary>
    public ConfigEffect Effect { get; } = effect;

    /// <summary>One sentence: meaning and unit.</summary>
    public string Documentation { get; } = documentation;

    /// <summary>What a value must be, as the end of the sentence "it must be ...".</summary>
    public abstract string Allowed { get; }

    /// <summary>Reads a value and gives the one text under which it is kept; false if it is not allowed.</summary>
    public abstract bool TryNormalize(string text, [NotNullWhen(true)] out string? normalized);
}

/// <summary>One configuration that a topic may have, with the type of its values.</summary>
/// <typeparam name="T">The type of a value.</typeparam>
/// <param name="name">Kafka's name for it.</param>
/// <param name="type">How values are written and which are allowed.</param>
/// <param name="defaultValue">The value where the topic sets none.</param>
/// <param name="effect">Whether it does something yet.</param>
/// <param name="documentation">One sentence: meaning and unit.</param>
public sealed class TopicConfigDefinition<T>(string name, ConfigType<T> type, T defaultValue, ConfigEffect effect, string documentation)
    : TopicConfigDefinition(name, type.Format(defaultValue), effect, documentation)
{
    /// <inheritdoc/>
    public override string Allowed => type.Allowed;

    /// <summary>The value that the topic's own settings give, or the default.</summary>
    public T Value(IReadOnlyDictionary<string, string> configs) =>
        configs.TryGetValue(Name, out var text) && type.TryParse(text, out var value) ? value : defaultValue;

    /// <inheritdoc/>
    public override bool TryNormalize(string text, [NotNullWhen(true)] out string? normalized)
    {
        normalized = type.TryParse(text, out var value) ? type.Format(value) : null;
        return normalized is not null;
    }
}
