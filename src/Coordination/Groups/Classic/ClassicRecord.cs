using System.Collections.Immutable;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Classic;

/// <summary>One durable change of a classic group. Encoded by <see cref="ClassicRecordCodec"/>.</summary>
public abstract record ClassicRecord
{
    private ClassicRecord()
    {
    }

    /// <summary>
    /// A generation has its members, but no assignment yet. If that never comes, the generation before goes on, but no other one gets the number: what a member
    /// of the lost one sends can be told from what members of later ones send.
    /// </summary>
    /// <param name="Number">The number of the generation.</param>
    public sealed record Begun(int Number) : ClassicRecord;

    /// <summary>A generation has its assignment, or the group was created or has lost its last member; replaces the records before it.</summary>
    /// <param name="Generation">The generation.</param>
    public sealed record Formed(ClassicGeneration Generation) : ClassicRecord;

    /// <summary>A static member came back under another id, and has the place of the old one.</summary>
    /// <param name="MemberId">The id that is fenced.</param>
    /// <param name="Successor">The member as it is now.</param>
    public sealed record Replaced(MemberId MemberId, ClassicProfile Successor) : ClassicRecord;

    /// <summary>The group is no classic one any more.</summary>
    public sealed record Ended : ClassicRecord;
}

/// <summary>What is durable of a classic group: its last generation with an assignment, or that it has no members.</summary>
/// <param name="Used">The greatest number that a generation has had, with an assignment or without.</param>
/// <param name="Number">The number of this generation; 0 before the first.</param>
/// <param name="ProtocolType">What the group is used for; null before the first member.</param>
/// <param name="Protocol">What the members have agreed on; null without members.</param>
/// <param name="Leader">The member that has assigned; null without members.</param>
/// <param name="Members">In the order in which they joined.</param>
public sealed record ClassicGeneration(
    int Used, int Number, string? ProtocolType, string? Protocol, MemberId? Leader, ImmutableArray<ClassicProfile> Members)
{
    /// <summary>A group that has had no member yet.</summary>
    public static ClassicGeneration None { get; } = new(0, 0, null, null, null, []);

    /// <summary>What is durable after a record; null for a group that is no classic one.</summary>
    /// <param name="before">What was durable before it.</param>
    /// <param name="record">The record.</param>
    public static ClassicGeneration? After(ClassicGeneration? before, ClassicRecord record) => record switch
    {
        ClassicRecord.Begun begun => (before ?? None) with { Used = begun.Number },
        ClassicRecord.Formed formed => formed.Generation,
        ClassicRecord.Replaced replaced => (before ?? None).With(replaced),
        ClassicRecord.Ended => null,
        _ => throw new InvariantException($"a record of type {record.GetType().Name} is known"),
    };

    private ClassicGeneration With(ClassicRecord.Replaced replaced)
    {
        var index = Members.Select((member, i) => (member, i)).First(one => one.member.MemberId == replaced.MemberId).i;
        return this with
        {
            Leader = Leader == replaced.MemberId ? replaced.Successor.MemberId : Leader,
            Members = Members.SetItem(index, replaced.Successor),
        };
    }
}

/// <summary>A member of a classic group.</summary>
/// <param name="MemberId">Unique in the group.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="ClientId">The application, as the client names it.</param>
/// <param name="Host">The host that the client runs on.</param>
/// <param name="SessionTimeout">How long it may be silent; whole milliseconds.</param>
/// <param name="RebalanceTimeout">How long a rebalance waits for it; whole milliseconds.</param>
/// <param name="Protocols">What it supports, the preferred protocol first.</param>
/// <param name="Assignment">What it was given last; may be empty.</param>
public sealed record ClassicProfile(
    MemberId MemberId, GroupInstanceId? InstanceId, string ClientId, string Host, TimeSpan SessionTimeout, TimeSpan RebalanceTimeout,
    ImmutableArray<ClassicProtocol> Protocols, ReadOnlyMemory<byte> Assignment);
