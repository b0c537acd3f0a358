using System.Collections.Immutable;
using Loire.Coordination.Placement;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>The phase of a topic's life cycle.</summary>
public enum TopicPhase
{
    /// <summary>The topic does not exist.</summary>
    Absent = 0,

    /// <summary>The topic exists.</summary>
    Live = 1,

    /// <summary>The topic is no longer visible, but its data may still exist.</summary>
    Deleting = 2,
}

/// <summary>
/// The state of a topic, built from its records. Transitions; any other is a bug:
/// <code>
///   Absent --Created--> Live --PartitionsAdded, ConfigsAltered, PreferredLeadersSet--> Live --DeletionStarted--> Deleting --(journal deleted)--> Absent
///   Live --PartitionsReported--> Live, of the same version
/// </code>
/// </summary>
/// <param name="Phase">The phase; the other fields are meaningless if it is <see cref="TopicPhase.Absent"/>.</param>
/// <param name="Version">The number of changes since the creation, inclusive.</param>
/// <param name="Id">Identifies this creation of the name.</param>
/// <param name="PartitionsCount">At least 1 unless absent.</param>
/// <param name="ReplicationFactor">The number of copies that Loire keeps.</param>
/// <param name="Configs">The topic's own settings, normalized; a setting that is not listed has its default.</param>
public sealed record TopicState(
    TopicPhase Phase, long Version, TopicId Id, int PartitionsCount, short ReplicationFactor,
    ImmutableSortedDictionary<string, string> Configs)
{
    /// <summary>
    /// The broker that should lead each partition. Shorter than the number of partitions where the last ones have none yet; empty for a topic
    /// from before its node had a cluster.
    /// </summary>
    public ImmutableArray<int> PreferredLeaders { get; init; } = [];

    /// <summary>The broker that should lead a partition, or <see cref="PlacementRules.NoBroker"/>.</summary>
    public int PreferredLeaderOf(int partition) => partition < PreferredLeaders.Length ? PreferredLeaders[partition] : PlacementRules.NoBroker;

    /// <summary>What the partitions have last said about their logs; not all of them need have.</summary>
    public ImmutableSortedDictionary<int, PartitionReport> Reports { get; init; } = ImmutableSortedDictionary<int, PartitionReport>.Empty;

    /// <summary>The state of a topic that does not exist.</summary>
    public static readonly TopicState Absent =
        new(TopicPhase.Absent, 0, default, 0, 0, ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));

    /// <summary>Returns the state after one record, live or replayed.</summary>
    public TopicState Apply(TopicRecord record)
    {
        switch (record)
        {
            case TopicRecord.Created created:
                Invariant.Check(Phase == TopicPhase.Absent, "a topic is created only where there is none");
                Invariant.Check(created.Id != default && created.PartitionsCount > 0 && created.ReplicationFactor > 0);
                return new TopicState(TopicPhase.Live, 1, created.Id, created.PartitionsCount, created.ReplicationFactor, created.Configs);
            case TopicRecord.PartitionsAdded added:
                Invariant.Check(Phase == TopicPhase.Live, "only a topic that exists changes");
                Invariant.Check(added.PartitionsCount > PartitionsCount, "the number of partitions only grows");
                return this with { Version = Version + 1, PartitionsCount = added.PartitionsCount };
            case TopicRecord.ConfigsAltered altered:
                Invariant.Check(Phase == TopicPhase.Live, "only a topic that exists changes");
                return this with { Version = Version + 1, Configs = WithChanges(altered.Changes) };
            case TopicRecord.PreferredLeadersSet set:
                Invariant.Check(Phase == TopicPhase.Live, "only a topic that exists changes");
                Invariant.Check(set.Brokers.Length == PartitionsCount, "each partition has one preferred leader");
                return this with { Version = Version + 1, PreferredLeaders = set.Brokers };
            case TopicRecord.PartitionsReported reported:
                Invariant.Check(Phase == TopicPhase.Live, "only the partitions of a topic that exists report");
                return this with { Reports = Reports.SetItems(reported.Reports.Select(report => KeyValuePair.Create(report.Partition, report))) };
            case TopicRecord.DeletionStarted:
                Invariant.Check(Phase == TopicPhase.Live, "only a topic that exists is deleted");
                return this with { Version = Version + 1, Phase = TopicPhase.Deleting };
            case TopicRecord.Snapshot snapshot:
                Invariant.Check(Phase == TopicPhase.Absent && snapshot.State.Phase != TopicPhase.Absent, "a snapshot comes first");
                return snapshot.State;
            default:
                throw new InvariantException($"a record of type {record.GetType().Name} is known");
        }
    }

    /// <summary>Returns the settings after changes; null removes a setting.</summary>
    public ImmutableSortedDictionary<string, string> WithChanges(IEnumerable<KeyValuePair<string, string?>> changes)
    {
        var configs = Configs.ToBuilder();
        foreach (var (name, value) in changes)
        {
            if (value is null)
            {
                configs.Remove(name);
            }
            else
            {
                configs[name] = value;
            }
        }

        return configs.ToImmutable();
    }
}
