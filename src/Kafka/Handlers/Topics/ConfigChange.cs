using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>What a request does with one setting.</summary>
/// <param name="Operation">One of Kafka's numbers: 0 sets, 1 resets, 2 appends to a list, 3 subtracts from one.</param>
/// <param name="Name">The setting.</param>
/// <param name="Value">The value; null where it resets.</param>
internal readonly record struct ConfigChange(sbyte Operation, string Name, string? Value)
{
    public const sbyte Set = 0;
    public const sbyte Reset = 1;
    public const sbyte Append = 2;
    public const sbyte Subtract = 3;
}

/// <summary>Changes the settings of topics as requests say.</summary>
/// <param name="topics">Changes the topics.</param>
internal sealed class ConfigChanges(TopicDirectory topics)
{
    // Each attempt is lost only to another change of the same topic.
    private const int Attempts = 10;

    /// <summary>
    /// Makes changes, all or none. What is appended and subtracted goes by the settings as they are, and what a replacement does not name is reset; so the change is made
    /// only if the topic is still the one that was read.
    /// </summary>
    /// <param name="name">The topic's name.</param>
    /// <param name="changes">The changes.</param>
    /// <param name="replaces">Whether settings that are not named are reset.</param>
    /// <param name="validateOnly">Whether nothing is changed.</param>
    public async ValueTask<(ErrorCode Error, string? Detail)> MakeAsync(string name, IReadOnlyList<ConfigChange> changes, bool replaces, bool validateOnly)
    {
        if (changes.FirstOrDefault(change => change.Value is null && change.Operation != ConfigChange.Reset) is { Name: { } without })
        {
            return (ErrorCode.InvalidRequest, $"The setting {without} has no value.");
        }

        if (changes.GroupBy(change => change.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            return (ErrorCode.InvalidRequest, $"The setting {twice.Key} is named twice.");
        }

        for (var attempt = 1; ; attempt++)
        {
            var known = await topics.DescribeConfigsAsync(name);
            if (known.Error != ErrorCode.None)
            {
                return (known.Error, known.Detail);
            }

            var (error, detail, values) = Values(known.Configs, changes, replaces);
            if (error != ErrorCode.None)
            {
                return (error, detail);
            }

            var changed = await topics.ChangeAsync(
                TopicName.Parse(name), grain => grain.AlterConfigs(new AlterConfigsRequest([.. values], validateOnly, known.Version)));
            if (changed.Error != ErrorCode.InvalidUpdateVersion || attempt == Attempts)
            {
                return (changed.Error, changed.Detail);
            }
        }
    }

    private static (ErrorCode Error, string? Detail, List<KeyValuePair<string, string?>> Values) Values(
        TopicConfigDescription[] known, IReadOnlyList<ConfigChange> changes, bool replaces)
    {
        List<KeyValuePair<string, string?>> values = [];
        foreach (var change in changes)
        {
            var value = change.Operation == ConfigChange.Reset ? null : change.Value;
            switch (change.Operation)
            {
                case ConfigChange.Set or ConfigChange.Reset:
                    break;
                case ConfigChange.Append or ConfigChange.Subtract:
                    if (Array.Find(known, config => config.Name == change.Name) is not { Type: ConfigValueType.List } list)
                    {
                        return (ErrorCode.InvalidConfig, $"The setting {change.Name} is not a list.", values);
                    }

                    var (present, given) = (Split(list.Value), Split(change.Value!));
                    value = string.Join(',', change.Operation == ConfigChange.Append ? present.Union(given) : present.Except(given));
                    break;
                default:
                    return (ErrorCode.InvalidRequest, $"There is no operation {change.Operation}.", values);
            }

            values.Add(KeyValuePair.Create(change.Name, value));
        }

        if (replaces)
        {
            values.AddRange(known.Where(config => !config.IsDefault && changes.All(change => change.Name != config.Name))
                .Select(config => KeyValuePair.Create(config.Name, (string?)null)));
        }

        return (ErrorCode.None, null, values);
    }

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
