using System.Collections.Immutable;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// The members of groups that assign themselves whose heartbeats come by a connection. A heartbeat says only what has changed, and so does its answer: this remembers what was said
/// last. A client that comes by another connection is told everything again, and what it has said is asked of the group.
/// </summary>
internal sealed class ConsumerMembers
{
    /// <summary>Members of one connection that are remembered; a client has one.</summary>
    private const int Most = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Group, string Member), ConsumerMember> _members = [];

    /// <summary>What is remembered of a member; null if nothing is.</summary>
    public ConsumerMember? Find(string group, string member)
    {
        lock (_lock)
        {
            return _members.GetValueOrDefault((group, member));
        }
    }

    /// <summary>Remembers a member.</summary>
    public void Keep(string group, string member, ConsumerMember state)
    {
        lock (_lock)
        {
            if (_members.Count >= Most && !_members.ContainsKey((group, member)))
            {
                _members.Clear();
            }

            _members[(group, member)] = state;
        }
    }

    /// <summary>Forgets a member that has left or is none any more.</summary>
    public void Forget(string group, string member)
    {
        lock (_lock)
        {
            _members.Remove((group, member));
        }
    }
}

/// <summary>What a member and its group have said to each other.</summary>
/// <param name="InstanceId">The instance id of a static member, which it need not repeat; null for none.</param>
/// <param name="Subscription">What the member subscribes to.</param>
/// <param name="Told">The assignment that it was told last; null for none.</param>
/// <param name="MayOwn">What it may consume: what it said last that it does, and what it was given since.</param>
internal sealed record ConsumerMember(
    GroupInstanceId? InstanceId, MemberSubscription Subscription, ImmutableArray<TopicPartition>? Told, ImmutableArray<TopicPartition> MayOwn)
{
    /// <summary>After an answer.</summary>
    public ConsumerMember After(ImmutableArray<TopicPartition> assignment) =>
        this with { Told = assignment, MayOwn = [.. MayOwn.Union(assignment)] };
}
