using System.Collections.Immutable;

namespace Loire.Coordination.Groups.Membership;

/// <summary>The members of a group with what they hold and are to hold, as one value and back.</summary>
internal static class MemberSnapshots
{
    /// <summary>Every member, in order of their ids.</summary>
    public static ImmutableArray<MemberSnapshot> Take(MemberIndex members, PartitionLedger ledger) =>
        [.. members.All.Select(member => Describe(member, ledger))];

    /// <summary>Fills what is empty.</summary>
    public static void Restore(ImmutableArray<MemberSnapshot> snapshots, MemberIndex members, PartitionLedger ledger)
    {
        foreach (var known in snapshots)
        {
            var member = members.Add(known.Profile, known.JoinedAt);
            member.Reach(known.MemberEpoch);
            foreach (var partition in known.Target)
            {
                ledger.SetTarget(partition, member);
            }

            foreach (var held in known.Held)
            {
                ledger.Restore(member, held);
            }
        }
    }

    private static MemberSnapshot Describe(GroupMember member, PartitionLedger ledger) => new(
        member.Profile, member.JoinedAt, member.MemberEpoch,
        [.. member.Assigned.Concat(member.Revoking).Order().Select(partition => ledger.Find(member, partition)!.Value)],
        [.. member.Target]);
}
