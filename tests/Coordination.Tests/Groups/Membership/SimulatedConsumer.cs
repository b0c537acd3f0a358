using System.Text.RegularExpressions;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Membership;

/// <summary>
/// A consumer that behaves like a client library: it has one heartbeat in flight, adopts granted partitions immediately, revokes partitions
/// after a delay, and rejoins when it is fenced.
/// </summary>
internal sealed class SimulatedConsumer(Simulation simulation, MemberId memberId, GroupInstanceId? instanceId, MemberSubscription wants)
{
    private readonly HashSet<TopicPartition> _leaving = [];
    private int _epoch;
    private int _call;
    private bool _mustSayWhatItWants = true;
    private TimeSpan _callEnds = TimeSpan.MinValue;
    private TimeSpan _pausedUntil = TimeSpan.MinValue;

    public MemberId MemberId { get; } = memberId;

    public GroupInstanceId? InstanceId { get; } = instanceId;

    public MemberSubscription Wants { get; private set; } = wants;

    public bool IsDead { get; private set; }

    /// <summary>The partitions that it actually processes, regardless of the group's state.</summary>
    public SortedSet<TopicPartition> Owned { get; } = [];

    /// <summary>The life under its id that it believes to be its own; 0 before the first answer.</summary>
    public int Life { get; private set; }

    private bool IsPaused => simulation.Now < _pausedUntil;

    public bool Subscribes(string topic) => Wants.Topics.Contains(TopicName.Parse(topic))
        || (Wants.Pattern is not null && Regex.IsMatch(topic, $"^{Wants.Pattern}$", RegexOptions.NonBacktracking));

    public void Wish(MemberSubscription terms) => (Wants, _mustSayWhatItWants) = (terms, true);

    public void Pause(TimeSpan until) => _pausedUntil = until;

    public void CalmDown() => _pausedUntil = TimeSpan.MinValue;

    public void Die()
    {
        IsDead = true;
        Owned.Clear();
    }

    public void Leave()
    {
        Die();
        simulation.Send(() => simulation.Driver.Leave(MemberId, InstanceId));
    }

    public void Turn()
    {
        if (IsDead || IsPaused)
        {
            return;
        }

        if (_leaving.Count > 0 && simulation.Random.Next(4) == 0)
        {
            Owned.ExceptWith(_leaving);
            _leaving.Clear();
            _callEnds = simulation.Now;
        }

        if (Owned.Count > 0 && simulation.Random.Next(3) == 0)
        {
            var (epoch, partition, life) = (_epoch, Owned.ElementAt(simulation.Random.Next(Owned.Count)), Life);
            simulation.Send(() => simulation.Driver.Commit(MemberId, epoch, life, partition, simulation.Consumers));
        }

        if (simulation.Now >= _callEnds)
        {
            Call();
        }
    }

    private void Call()
    {
        var call = ++_call;
        _callEnds = simulation.Now + TimeSpan.FromSeconds(4);
        var saysWhatItWants = _mustSayWhatItWants || _epoch == 0;
        var request = new HeartbeatRequest(
            MemberId, InstanceId, _epoch, "app", "host", saysWhatItWants ? Wants : null, [.. Owned], default);
        simulation.Send(() => simulation.Driver.Heartbeat(
            request, (answer, life) => simulation.Send(() => Hear(call, request, answer, life))));
    }

    private void Hear(int call, HeartbeatRequest request, HeartbeatResult answer, int life)
    {
        if (call != _call || IsDead)
        {
            return;
        }

        if (IsPaused)
        {
            // It will find the answer when it wakes up.
            var wakesUp = _pausedUntil;
            simulation.At(wakesUp, () => Hear(call, request, answer, life));
            return;
        }

        _callEnds = simulation.Now;
        simulation.Checker.WorksOnSomethingElse();
        switch (answer.Error)
        {
            case ErrorCode.None:
                Assert.True(answer.MemberEpoch >= _epoch, "a member's epoch does not fall");
                _mustSayWhatItWants &= request.Subscription is null || !ReferenceEquals(request.Subscription, Wants);
                (_epoch, Life) = (answer.MemberEpoch, life);
                _leaving.Clear();
                _leaving.UnionWith(Owned.Except(answer.Assignment));
                Owned.UnionWith(answer.Assignment);
                break;
            case ErrorCode.FencedInstanceId:
                Die();
                break;
            default:
                Assert.True(
                    answer.Error is ErrorCode.UnknownMemberId or ErrorCode.FencedMemberEpoch or ErrorCode.InvalidRequest,
                    $"{answer.Error} is none that a consumer can expect");
                (_epoch, Life) = (0, 0);
                Owned.Clear();
                _leaving.Clear();
                break;
        }
    }
}
