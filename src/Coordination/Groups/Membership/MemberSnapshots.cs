using System.Collections.Immutable;

namespace Loire.Coordination.Groups.Membership;

/// <summary>Converts the members of a group, their holdings and targets to snapshots and back.</summary>
internal static class MemberSnapshots
{
    /// <summary>Every member, in order of their ids.</summary>
    public static ImmutableArray<MemberSnapshot> Take(MemberIndex members, PartitionLedger ledger) =>
        [.. members.All.Select(member => Describe(member, ledger))];

    /// <summary>Restores the members into an empty index and ledger.</summary>
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
