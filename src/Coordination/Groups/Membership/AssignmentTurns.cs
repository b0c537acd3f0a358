using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// When a group gets its next target assignment: not while its first members wait for others, not twice within the assignment interval, and
/// where no assignor works, not before something has changed or the topics are told again. Not durable.
/// </summary>
internal sealed class AssignmentTurns(AssignorRegistry assignors, MembershipOptions options)
{
    private readonly InitialDelay _initialDelay = new(options.InitialRebalanceDelay);
    private IReadOnlyDictionary<TopicName, int>? _topics;
    private bool _topicsDiffer;
    private int _inVainAt = -1;
    private TimeSpan _notBefore = TimeSpan.MinValue;

    /// <summary>Why the last attempt made no assignment; null if it made one.</summary>
    public string? Problem { get; private set; }

    /// <summary>The topics that exist, as <see cref="GroupMachine.TopicsAre"/> has it.</summary>
    public void TopicsAre(GroupState state, IReadOnlyDictionary<TopicName, int> topics)
    {
        _topics = topics;
        _topicsDiffer = Problem is not null || AssignmentRules.TopicsDiffer(state, topics);
        _inVainAt = -1;
    }

    /// <summary>A member is about to join.</summary>
    public void Joins(GroupState state, HeartbeatRequest request, TimeSpan now)
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

    /// <summary>When to try; null if nothing is to be done.</summary>
    public TimeSpan? Due(GroupState state) =>
        _topics is not null && state.Members.Count > 0 && (state.Epoch > state.TargetEpoch || _topicsDiffer) && _inVainAt != state.Epoch
            ? _notBefore
            : null;

    /// <summary>Makes the assignment that is due; null if none is, or not yet.</summary>
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

        // The same input again would only cost time.
        Problem = string.Join(' ', outcome.Failures.Select(failure => $"The assignor {failure.Assignor} fails. {failure.Detail}"));
        var again = AssignmentRules.Again(state);
        _inVainAt = again?.Epoch ?? state.Epoch;
        return outcome with { Record = again };
    }
}
