using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>Where a topic is in its life.</summary>
public enum TopicPhase
{
    /// <summary>There is no such topic.</summary>
    Absent = 0,

    /// <summary>It exists.</summary>
    Live = 1,

    /// <summary>It is gone for everyone, but its data may still be there.</summary>
    Deleting = 2,
}

/// <summary>
/// A topic as its records have made it. Transitions, everything else being a bug:
/// <code>
///   Absent --Created--> Live --PartitionsAdded, ConfigsAltered--> Live --DeletionStarted--> Deleting --(journal deleted)--> Absent
/// </code>
/// </summary>
/// <param name="Phase">Where it is in its life; with <see cref="TopicPhase.Absent"/> nothing else means anything.</param>
/// <param name="Version">Counts the records since the creation, which is 1.</param>
/// <param name="Id">Which creation of the name it is.</param>
/// <param name="PartitionsCount">How many partitions it has.</param>
/// <param name="ReplicationFactor">How many copies Loire keeps.</param>
/// <param name="Configs">Its own settings, normalized; what is not there has its default.</param>
public sealed record TopicState(
    TopicPhase Phase, long Version, TopicId Id, int PartitionsCount, short ReplicationFactor,
    ImmutableSortedDictionary<string, string> Configs)
{
    /// <summary>No topic, and no settings.</summary>
    public static readonly TopicState Absent =
        new(TopicPhase.Absent, 0, default, 0, 0, ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));

    /// <summary>The topic after one more record; the same for a record that was just made durable and for one that is replayed.</summary>
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

    /// <summary>The settings after some changes.</summary>
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
