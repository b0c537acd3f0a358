using System.Collections.Immutable;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Client;

/// <summary>
/// The state of one consumer as a group member: its assignment, the partitions that it owns, and the steps that reconcile them. It only
/// decides and never waits; <see cref="Membership"/> performs the steps, one at a time, while heartbeats continue.
/// <code>
///   assigned, not owned --Grant--> owned        owned, not assigned --Revoke--> confirmed by the next heartbeat
///   owned, unknown to the group --Lose--> a new life: another member id, epoch 0, nothing owned
/// </code>
/// </summary>
/// <param name="options">The consumer's options.</param>
/// <param name="host">The host that it runs on, for operators.</param>
/// <param name="newId">Creates a member id for each life.</param>
internal sealed class MembershipState(ConsumerOptions options, string host, Func<MemberId> newId)
{
    private readonly HashSet<TopicPartition> _owned = [];
    private readonly List<TopicPartition> _lost = [];
    private HashSet<TopicPartition> _assigned = [];
    private ImmutableArray<TopicPartition> _assignment = [];
    private MemberSubscription? _subscription;
    private bool _isSubscriptionSent;
    private MemberStep? _doing;
    private TopicPartition[] _claimed = [];

    /// <summary>The id of this life.</summary>
    public MemberId Id { get; private set; } = newId();

    /// <summary>The epoch of the last answer; 0 before the first.</summary>
    public int Epoch { get; private set; }

    /// <summary>Counts the member's lives; incremented when all partitions are lost.</summary>
    public int Life { get; private set; }

    /// <summary>The partitions that it consumes or has not finished revoking.</summary>
    public IReadOnlyCollection<TopicPartition> Owned => _owned;

    /// <summary>Changes the subscription, which the next heartbeat sends.</summary>
    public void Subscribe(MemberSubscription subscription) => (_subscription, _isSubscriptionSent) = (subscription, false);

    /// <summary>
    /// Whether the last heartbeat claims partitions that the member has given up since, or could not take over: others may be waiting for them.
    /// </summary>
    public bool MustConfirm => Array.Exists(_claimed, partition => !_assigned.Contains(partition) && !Holds(partition));

    /// <summary>Creates the next heartbeat. A partition is the member's from the moment when it begins to take it over.</summary>
    public HeartbeatRequest Beat(TimeSpan maxWait)
    {
        _claimed = [.. _owned.Union(Taking).Order()];
        return new(
            Id, options.GroupInstanceId, Epoch, options.ClientId, host,
            Epoch == 0 || !_isSubscriptionSent ? _subscription : null,
            [.. _claimed],
            maxWait,
            options.Incarnation);
    }

    /// <summary>Processes the answer to a heartbeat.</summary>
    public Standing Take(HeartbeatRequest request, HeartbeatResult result)
    {
        switch (result.Error)
        {
            case ErrorCode.None:
                Epoch = result.MemberEpoch;
                _isSubscriptionSent |= ReferenceEquals(request.Subscription, _subscription);
                _assignment = result.Assignment;
                _assigned = [.. _assignment];
                return Standing.Member;
            case ErrorCode.FencedMemberEpoch when options.Incarnation is not null:
                // Another consumer has joined under the same id: both would take the membership from each other endlessly.
                return Standing.Refused;
            case ErrorCode.UnknownMemberId or ErrorCode.FencedMemberEpoch:
                return Standing.Lost;
            case ErrorCode.UnreleasedInstanceId or ErrorCode.UnknownServerError:
                return Standing.Unsure;
            default:
                return ErrorCodes.Describe(result.Error).Retriable ? Standing.Unsure : Standing.Refused;
        }
    }

    /// <summary>The next step; null if there is none or one is in progress.</summary>
    public MemberStep? Next()
    {
        if (_doing is not null)
        {
            return null;
        }

        if (_lost.Count > 0)
        {
            _doing = new MemberStep(MemberWork.Lose, [.. _lost], Life);
            _lost.Clear();
        }
        else if (_owned.Where(partition => !_assigned.Contains(partition)).ToArray() is { Length: > 0 } revoked)
        {
            _doing = new MemberStep(MemberWork.Revoke, revoked, Life);
        }
        else if (_assignment.Where(partition => !_owned.Contains(partition)).ToArray() is { Length: > 0 } granted)
        {
            _doing = new MemberStep(MemberWork.Grant, granted, Life);
        }

        return _doing;
    }

    /// <summary>Whether a step in progress is obsolete, so that continuing would only waste time.</summary>
    public bool IsOutdated(MemberStep step) =>
        step.Life != Life || (step.Work == MemberWork.Grant && !step.Partitions.All(_assigned.Contains));

    /// <summary>Completes the step in progress.</summary>
    /// <param name="done">The partitions for which the step was performed.</param>
    /// <returns>Those of them whose records may now be delivered.</returns>
    public IReadOnlyList<TopicPartition> Done(IReadOnlyList<TopicPartition> done)
    {
        var step = _doing!;
        _doing = null;
        switch (step.Work)
        {
            case MemberWork.Revoke when step.Life == Life:
                _owned.ExceptWith(done);
                break;
            case MemberWork.Grant when step.Life == Life:
                _owned.UnionWith(done);
                return [.. done.Where(_assigned.Contains)];
            case MemberWork.Grant:
                _lost.AddRange(done);
                break;
        }

        return [];
    }

    private IReadOnlyList<TopicPartition> Taking => _doing is { Work: MemberWork.Grant } step && step.Life == Life ? step.Partitions : [];

    private bool Holds(TopicPartition partition) => _owned.Contains(partition) || Taking.Contains(partition);

    /// <summary>Starts a new life without partitions, because the group no longer knows this member.</summary>
    /// <returns>The partitions that it had.</returns>
    public IReadOnlyList<TopicPartition> Lose()
    {
        TopicPartition[] had = [.. _owned];

        // The listener is already being notified of partitions that are being revoked; do not notify it twice.
        _lost.AddRange(_doing is { Work: MemberWork.Revoke } step ? had.Except(step.Partitions) : had);
        _owned.Clear();
        (_assigned, _assignment, _isSubscriptionSent) = ([], [], false);
        (Id, Epoch, Life) = (newId(), 0, Life + 1);
        return had;
    }
}
