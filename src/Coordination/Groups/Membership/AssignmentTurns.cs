using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// Schedules the target assignments of a group: none during the initial rebalance delay, at most one per assignment interval, and after all
/// assignors have failed none until the group changes or the topics are reported again. Not durable.
/// </summary>
internal sealed class AssignmentTurns(AssignorRegistry assignors, MembershipOptions options)
{
    private readonly InitialDelay _initialDelay = new(options.InitialRebalanceDelay);
    private IReadOnlyDictionary<TopicName, int>? _topics;
    private bool _topicsDiffer;
    private int _failedAtEpoch = -1;
    private TimeSpan _notBefore = TimeSpan.MinValue;

    /// <summary>Why the last attempt failed; null if it succeeded.</summary>
    public string? Problem { get; private set; }

    /// <summary>Sets the existing topics; see <see cref="GroupMachine.TopicsAre"/>.</summary>
    public void TopicsAre(GroupState state, IReadOnlyDictionary<TopicName, int> topics)
    {
        _topics = topics;
        _topicsDiffer = Problem is not null || AssignmentRules.TopicsDiffer(state, topics);
        _failedAtEpoch = -1;
    }

    /// <summary>Starts or extends the initial delay; called before a joining member is added.</summary>
    public void OnJoining(GroupState state, HeartbeatRequest request, TimeSpan now)
    {
        if (state.Members.Count == 0)
        {
            _notBefore = _initialDelay.Begin(now, request.Subscription!.RebalanceTimeout);
            Problem = null;
        }
        else if (now < _notBefore && !state.Members.ContainsKey(request.MemberId) && state.FindInstance(request.InstanceId) is null)
        {
            _initialDelay.OnMemberJoined();
        }
    }

    /// <summary>When the next assignment is due; null if none is needed.</summary>
    public TimeSpan? Due(GroupState state) =>
        _topics is not null && state.Members.Count > 0 && (state.Epoch > state.TargetEpoch || _topicsDiffer)
            && _failedAtEpoch != state.Epoch
            ? _notBefore
            : null;

    /// <summary>Makes the assignment if it is due; null otherwise.</summary>
    public AssignmentOutcome? Make(GroupState state, TimeSpan now)
    {
        if (!(Due(state) <= now))
        {
            return null;
        }

        if (_initialDelay.Prolong(now) is { } later)
        {
            _notBefore = later;
            return null;
        }

        var outcome = AssignmentRules.Assign(state, _topics!, assignors);
        _notBefore = now + options.AssignmentInterval;
        if (outcome.Record is not null)
        {
            (_topicsDiffer, Problem) = (false, null);
            return outcome;
        }

        // Do not retry with the same input.
        Problem = string.Join(' ', outcome.Failures.Select(failure => $"The assignor {failure.Assignor} fails. {failure.Detail}"));
        var again = AssignmentRules.Again(state);
        _failedAtEpoch = again?.Epoch ?? state.Epoch;
        return outcome with { Record = again };
    }
}
