namespace Loire.Coordination.Topics;

/// <summary>
/// Validates settings of a topic. Unknown names are refused, because silently ignoring a setting silently breaks a promise.
/// </summary>
public static class TopicConfigRules
{
    /// <summary>Validates one setting as a client sent it.</summary>
    /// <param name="name">The name as sent.</param>
    /// <param name="text">The value as sent.</param>
    /// <param name="normalized">The canonical text of the value, if it is valid.</param>
    /// <returns>A human-readable problem; null if the setting is valid.</returns>
    public static string? Check(string name, string text, out string normalized)
    {
        normalized = "";
        if (!TopicConfigs.TryFind(name, out var definition))
        {
            return Unknown(name);
        }

        if (!definition.TryNormalize(text, out var value))
        {
            return $"Invalid value '{Excerpt(text)}' for configuration '{name}': it must be {definition.Allowed}.";
        }

        normalized = value;
        return null;
    }

    /// <summary>A human-readable problem if there is no such configuration; null if there is.</summary>
    public static string? Unknown(string name) => TopicConfigs.TryFind(name, out _) ? null : $"Unknown topic configuration '{Excerpt(name)}'.";

    /// <summary>A human-readable problem with a combination of individually valid settings; null if there is none.</summary>
    public static string? CheckTogether(IReadOnlyDictionary<string, string> configs) =>
        TopicConfigs.MinCompactionLagMs.Value(configs) > TopicConfigs.MaxCompactionLagMs.Value(configs)
            ? $"Configuration '{TopicConfigs.MinCompactionLagMs.Name}' must not be greater than '{TopicConfigs.MaxCompactionLagMs.Name}'."
        : TopicConfigs.RemoteStorageEnable.Value(configs)
            ? $"Configuration '{TopicConfigs.RemoteStorageEnable.Name}' cannot be true: this cluster has no second tier of storage."
        : null;

    // Client input is echoed in messages and logs, so it is truncated and stripped of control characters.
    private static string Excerpt(string text)
    {
        var start = text.Length <= 64 ? text : string.Concat(text.AsSpan(0, 64), "...");
        return string.Concat(start.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }
}
