using Loire.Model;
using Loire.Coordination.Topics;

namespace Loire.Coordination.Tests;

/// <summary>Shorthand for topics in tests.</summary>
internal static class Topic
{
    public static readonly TopicId Id = new(new Guid("00112233-4455-6677-8899-aabbccddeeff"));

    public static TopicState Live(int partitions = 3, params (string Name, string Value)[] configs) =>
        TopicState.Absent.Apply(new TopicRecord.Created(Id, partitions, 1, Configs(configs)));

    public static System.Collections.Immutable.ImmutableSortedDictionary<string,
        string> Configs(params (string Name, string Value)[] configs) =>
        TopicState.Absent.WithChanges(configs.Select(config => KeyValuePair.Create(config.Name, (string?)config.Value)));

    public static KeyValuePair<string, string>[] Settings(params (string Name, string Value)[] settings) =>
        [.. settings.Select(setting => KeyValuePair.Create(setting.Name, setting.Value))];

    public static KeyValuePair<string, string?>[] Changes(params (string Name, string? Value)[] changes) =>
        [.. changes.Select(change => KeyValuePair.Create(change.Name, change.Value))];

    public static Decision<TopicRecord> Create(TopicState state, int partitions = 3, int replicationFactor =
        1, params (string Name, string Value)[] configs) =>
        TopicRules.Create(state, Id, partitions, replicationFactor, Settings(configs), defaultPartitions: 5, brokers: []);
}
