using System.Collections.Immutable;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Client;

/// <summary>
/// One consumer as a member of its group: what it is assigned, what it works on, and what follows from the difference. It decides and waits
/// for nothing; <see cref="Membership"/> does what it says, one step at a time, while heartbeats go on.
/// <code>
///   assigned, not owned --Grant--> owned        owned, not assigned --Revoke--> confirmed by the next heartbeat
///   owned, the group does not know us --Lose--> a new life: another member id, epoch 0, nothing owned
/// </code>
/// </summary>
/// <param name="options">The consumer's.</param>
/// <param name="host">Where it runs, for people.</param>
/// <param name="newId">Makes member ids, each for one life.</param>
internal sealed class MembershipState(ConsumerOptions options, string host, Func<MemberId> newId)
{
    private readonly HashSet<TopicPartition> _owned = [];
    private readonly List<TopicPartition> _lost = [];
    private HashSet<TopicPartition> _assigned = [];
    private ImmutableArray<TopicPartition> _assignment = [];
    private MemberSubscription? _subscription;
    private bool _isSubscriptionSent;
    private MemberStep? _doing;

    /// <summary>The id of this life.</summary>
    public MemberId Id { get; private set; } = newId();

    /// <summary>The epoch of the last answer; 0 before the first.</summary>
    public int Epoch { get; private set; }

    /// <summary>Grows when everything is lost.</summary>
    public int Life { get; private set; }

    /// <summary>What it works on or has yet to give up.</summary>
    public IReadOnlyCollection<TopicPartition> Owned => _owned;

    /// <summary>Changes what it wants; the next heartbeat says so.</summary>
    public void Subscribe(MemberSubscription subscription) => (_subscription, _isSubscriptionSent) = (subscription, false);

    /// <summary>The next heartbeat.</summary>
    public HeartbeatRequest Beat(TimeSpan maxWait) => new(
        Id, options.GroupInstanceId, Epoch, options.ClientId, host,
        Epoch == 0 || !_isSubscriptionSent ? _subscription : null,
        [.. _owned.Order()],
        maxWait);

    /// <summary>Takes the answer to a heartbeat.</summary>
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
            case ErrorCode.UnknownMemberId or ErrorCode.FencedMemberEpoch:
                return Standing.Lost;
            case ErrorCode.UnreleasedInstanceId or ErrorCode.UnknownServerError:
                return Standing.Unsure;
            default:
                return ErrorCodes.Describe(result.Error).Retriable ? Standing.Unsure : Standing.Refused;
        }
    }

    /// <summary>What to do next; null if there is nothing, or something is being done.</summary>
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

    /// <summary>Whether what is being done has lost its sense: to go on would only take time.</summary>
    public bool IsOutdated(MemberStep step) =>
        step.Life != Life || (step.Work == MemberWork.Grant && !step.Partitions.All(_assigned.Contains));

    /// <summary>What was to be done has ended.</summary>
    /// <param name="done">The partitions that it was done with.</param>
    /// <returns>Those of them that may be handed out from now on.</returns>
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

    /// <summary>The group does not know this member any more: it begins a new life with nothing.</summary>
    /// <returns>What it had.</returns>
    public IReadOnlyList<TopicPartition> Lose()
    {
        TopicPartition[] had = [.. _owned];

        // Whose owner is being told that they go needs not be told twice.
        _lost.AddRange(_doing is { Work: MemberWork.Revoke } step ? had.Except(step.Partitions) : had);
        _owned.Clear();
        (_assigned, _assignment, _isSubscriptionSent) = ([], [], false);
        (Id, Epoch, Life) = (newId(), 0, Life + 1);
        return had;
    }
}
