using System.Collections.Immutable;
using Loire.Coordination.Placement;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>
/// Handles topic requests: returns the records that a request produces, or refuses it with one of Kafka's error codes. Identities and
/// defaults are inputs. These rules never change the state; only <see cref="TopicState.Apply"/> does.
/// </summary>
public static class TopicRules
{
    /// <summary>Requests the broker's default when creating a topic.</summary>
    public const int BrokerDefault = -1;

    private static readonly ImmutableSortedDictionary<string, string?> NoChanges =
        ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal);

    /// <summary>Creates the topic.</summary>
    /// <param name="state">The current state.</param>
    /// <param name="id">The identity of the new topic; never used before.</param>
    /// <param name="partitionsCount">As requested; <see cref="BrokerDefault"/> means <paramref name="defaultPartitions"/>.</param>
    /// <param name="replicationFactor">As requested; <see cref="BrokerDefault"/> means 1.</param>
    /// <param name="configs">Settings as requested, in any order.</param>
    /// <param name="defaultPartitions">The broker's default.</param>
    /// <param name="brokers">The brokers that serve. If there are several, the partitions are spread over them.</param>
    public static Decision<TopicRecord> Create(
        TopicState state, TopicId id, int partitionsCount, int replicationFactor, IReadOnlyList<KeyValuePair<string, string>> configs,
        int defaultPartitions, IReadOnlyCollection<BrokerPlace> brokers)
    {
        if (state.Phase != TopicPhase.Absent)
        {
            return Refuse(ErrorCode.TopicAlreadyExists, "A topic of this name exists already.");
        }

        var partitions = partitionsCount == BrokerDefault ? defaultPartitions : partitionsCount;
        if (partitions is < 1 or > Limits.PartitionsPerTopic)
        {
            return Refuse(ErrorCode.InvalidPartitions,
                $"The number of partitions must be from 1 to {Limits.PartitionsPerTopic}, but is {partitionsCount}.");
        }

        if (replicationFactor is not (BrokerDefault or 1))
        {
            return Refuse(
                ErrorCode.InvalidReplicationFactor,
                $"The replication factor is {replicationFactor}; the store does the replication, so it must be 1 or {BrokerDefault} (default).");
        }

        var (error, detail, changes) = Check(state, configs);
        return error != ErrorCode.None
            ? Refuse(error, detail)
            : Accept(new TopicRecord.Created(id, partitions, 1, state.WithChanges(changes)), Placed(id, [], partitions, brokers));
    }

    /// <summary>Increases the number of partitions. The existing ones keep their preferred leaders.</summary>
    public static Decision<TopicRecord> AddPartitions(TopicState state, int partitionsCount, IReadOnlyCollection<BrokerPlace> brokers)
    {
        if (state.Phase != TopicPhase.Live)
        {
            return Unknown();
        }

        if (partitionsCount <= state.PartitionsCount)
        {
            return Refuse(
                ErrorCode.InvalidPartitions,
                $"The topic has {state.PartitionsCount} partitions and cannot have {partitionsCount}: their number can only grow.");
        }

        return partitionsCount > Limits.PartitionsPerTopic
            ? Refuse(ErrorCode.InvalidPartitions, $"A topic has at most {Limits.PartitionsPerTopic} partitions.")
            : Accept(
                new TopicRecord.PartitionsAdded(partitionsCount), Placed(state.Id, Known(state), partitionsCount, brokers));
    }

    /// <summary>Changes settings; null resets one to its default.</summary>
    /// <param name="state">The topic.</param>
    /// <param name="changes">Settings and their new values.</param>
    /// <param name="version">The only version of the topic for which the changes are meant; 0 for any.</param>
    public static Decision<TopicRecord> AlterConfigs(TopicState state, IReadOnlyList<KeyValuePair<string, string?>> changes, long version = 0)
    {
        if (state.Phase != TopicPhase.Live)
        {
            return Unknown();
        }

        if (version != 0 && version != state.Version)
        {
            return Refuse(ErrorCode.InvalidUpdateVersion, $"The topic has version {state.Version}; the changes are meant for {version}.");
        }

        var (error, detail, normalized) = Check(state, changes);
        if (error != ErrorCode.None)
        {
            return Refuse(error, detail);
        }

        // Unchanged settings produce no record, so that a script that runs repeatedly does not fill the journal.
        var effective = normalized.RemoveRange(
            normalized.Where(change => state.Configs.GetValueOrDefault(change.Key) == change.Value).Select(change => change.Key));
        return effective.IsEmpty ? Decision<TopicRecord>.Accept() : Decision<TopicRecord>.Accept(new TopicRecord.ConfigsAltered(effective));
    }

    /// <summary>Spreads the preferred leaders evenly over the brokers that serve, with as few changes as that takes.</summary>
    public static Decision<TopicRecord> Rebalance(TopicState state, IReadOnlyCollection<BrokerPlace> brokers)
    {
        if (state.Phase != TopicPhase.Live)
        {
            return Unknown();
        }

        if (brokers.Count == 0)
        {
            return Decision<TopicRecord>.Accept();
        }

        var (before, after) = (Known(state), PlacementRules.Rebalance(state.Id, Known(state), brokers));
        return before.SequenceEqual(after)
            ? Decision<TopicRecord>.Accept()
            : Decision<TopicRecord>.Accept(new TopicRecord.PreferredLeadersSet(after));
    }

    /// <summary>Deletes the topic. Deleting a topic whose deletion has started resumes the deletion.</summary>
    /// <param name="state">The topic.</param>
    /// <param name="creation">The creation that is meant; null for the present one.</param>
    public static Decision<TopicRecord> Delete(TopicState state, TopicId? creation = null) => state.Phase switch
    {
        TopicPhase.Live or TopicPhase.Deleting when creation is { } wanted && wanted != state.Id =>
            Decision<TopicRecord>.Refuse(ErrorCode.UnknownTopicId, "The name belongs to another creation of the topic."),
        TopicPhase.Live => Decision<TopicRecord>.Accept(new TopicRecord.DeletionStarted()),
        TopicPhase.Deleting => Decision<TopicRecord>.Accept(),
        _ => Unknown(),
    };

    /// <summary>Whether a partition may serve requests.</summary>
    /// <param name="state">The topic.</param>
    /// <param name="id">The creation of the topic to which the partition belongs.</param>
    /// <param name="partition">The partition's number.</param>
    public static ErrorCode CheckPartition(TopicState state, TopicId id, int partition) =>
        state.Phase != TopicPhase.Live ? ErrorCode.UnknownTopicOrPartition
        : id != state.Id ? ErrorCode.UnknownTopicId
        : partition < 0 || partition >= state.PartitionsCount ? ErrorCode.UnknownTopicOrPartition
        : ErrorCode.None;

    private static (ErrorCode Error, string Detail, ImmutableSortedDictionary<string, string?> Changes) Check<T>(
        TopicState state, IReadOnlyList<KeyValuePair<string, T>> requested)
        where T : class?
    {
        var changes = ImmutableSortedDictionary.CreateBuilder<string, string?>(StringComparer.Ordinal);
        foreach (var (name, requestedValue) in requested)
        {
            var text = requestedValue as string;
            var value = "";
            var problem = text is null ? TopicConfigRules.Unknown(name) : TopicConfigRules.Check(name, text, out value);
            if (problem is not null)
            {
                return (ErrorCode.InvalidConfig, problem, NoChanges);
            }

            if (!changes.TryAdd(name, text is null ? null : value))
            {
                return (ErrorCode.InvalidRequest, $"Configuration '{name}' is given twice.", NoChanges);
            }
        }

        return TopicConfigRules.CheckTogether(state.WithChanges(changes)) is { } conflict
            ? (ErrorCode.InvalidConfig, conflict, NoChanges)
            : (ErrorCode.None, "", changes.ToImmutable());
    }

    /// <summary>The preferred leader of each partition.</summary>
    private static ImmutableArray<int> Known(TopicState state) =>
        [.. Enumerable.Range(0, state.PartitionsCount).Select(state.PreferredLeaderOf)];

    // A node without others leads everything, so its journals need not say so.
    private static TopicRecord? Placed(TopicId id, ImmutableArray<int> leaders, int partitionsCount, IReadOnlyCollection<BrokerPlace> brokers) =>
        brokers.Count > 1 ? new TopicRecord.PreferredLeadersSet(PlacementRules.Extend(id, leaders, partitionsCount, brokers)) : null;

    private static Decision<TopicRecord> Accept(TopicRecord change, TopicRecord? placed) =>
        placed is null ? Decision<TopicRecord>.Accept(change) : Decision<TopicRecord>.Accept(change, placed);

    private static Decision<TopicRecord> Refuse(ErrorCode error, string detail) => Decision<TopicRecord>.Refuse(error, detail);

    private static Decision<TopicRecord> Unknown() => Refuse(ErrorCode.UnknownTopicOrPartition, "There is no topic of this name.");
}
