using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// The encoding of <see cref="GroupRecord"/> in a group's journal. Big-endian; a text is a 2-byte length and UTF-8; text? may be null,
/// encoded as length 65535. Ordered lists are strictly ascending.
/// <code>
///   every record    1 layout, 2, or 3 if a member joined by JoinGroup | 1 kind | fields
///   1 Joined        profile
///   2 Replaced      text member id | profile of the successor
///   3 Departed      text member id | 1 cause: 1 left, 2 session expired, 3 rebalance timed out
///   4 Resubscribed  text member id | terms
///   5 Released      text member id | partitions
///   6 Targeted      4 epoch | text assignor | 1 cooperative: 0, 1 | 4 count × (text member id | partitions gained) | partitions unassigned
///   7 Snapshot      4 epoch | 4 target epoch | text assignor | 1 cooperative | 4 count × member
///   profile         text member id | text? instance id | text client id | text host | terms
///   terms           2 count × text topic | text? pattern | 1 count × text assignor | 4 session ms | 4 rebalance ms
///                   | text? user data, from layout 2 on | 1 count × (text protocol | 4 length, metadata), from layout 3 on
///   partitions      4 count × (text topic | 4 count × 4 partition)
///   member          profile | 4 joined at | 4 member epoch | held | partitions of the target
///   held            4 count × (text topic | 4 count × (4 partition | 4 since | 4 revoked at, 0 if it is not))
/// </code>
/// A new field, or a change in what <see cref="GroupState.Apply"/> derives, requires a new layout number, which older code refuses. Support
/// for older layouts is never removed. Golden bytes: GroupRecordCodecTests.
/// </summary>
public static class GroupRecordCodec
{
    private const byte Layout = 3;
    private const byte LayoutWithoutClassic = 2;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(GroupRecord record)
    {
        // Older versions read what they can: only what they do not know has the layout that they refuse.
        var layout = HasClassic(record) ? Layout : LayoutWithoutClassic;
        var writer = new FieldWriter().Byte(layout);
        switch (record)
        {
            case GroupRecord.Joined joined:
                MemberFields.Write(writer.Byte(1), joined.Member, layout);
                break;
            case GroupRecord.Replaced replaced:
                MemberFields.Write(writer.Byte(2).Text(replaced.MemberId.Value), replaced.Successor, layout);
                break;
            case GroupRecord.Departed departed:
                writer.Byte(3).Text(departed.MemberId.Value).Byte((byte)departed.Cause);
                break;
            case GroupRecord.Resubscribed resubscribed:
                MemberFields.Write(writer.Byte(4).Text(resubscribed.MemberId.Value), resubscribed.Subscription, layout);
                break;
            case GroupRecord.Released released:
                PartitionFields.Write(writer.Byte(5).Text(released.MemberId.Value), released.Partitions);
                break;
            case GroupRecord.Targeted targeted:
                WriteTargeted(writer.Byte(6), targeted);
                break;
            case GroupRecord.Snapshot snapshot:
                WriteSnapshot(writer.Byte(7), snapshot, layout);
                break;
        }

        return writer.Written;
    }

    /// <summary>Reads a record; false unless the bytes are a valid record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GroupRecord? record)
    {
        var reader = new FieldReader(bytes);
        record = null;
        var layout = reader.Byte();
        if (layout is 0 or > Layout)
        {
            return false;
        }

        var kind = reader.Byte();
        record = kind switch
        {
            1 => MemberFields.ReadProfile(ref reader, layout) is { } member ? new GroupRecord.Joined(member) : null,
            6 => ReadTargeted(ref reader),
            7 => ReadSnapshot(ref reader, layout),
            >= 2 and <= 5 when MemberFields.TryReadMemberId(ref reader, out var memberId) => ReadOfMember(layout, kind, memberId, ref reader),
            _ => null,
        };
        return record is not null && reader.IsComplete;
    }

    private static GroupRecord? ReadOfMember(byte layout, byte kind, MemberId memberId, ref FieldReader reader)
    {
        switch (kind)
        {
            case 2:
                return MemberFields.ReadProfile(ref reader, layout) is { } successor ? new GroupRecord.Replaced(memberId, successor) : null;
            case 3:
                var cause = (DepartureCause)reader.Byte();
                return Enum.IsDefined(cause) ? new GroupRecord.Departed(memberId, cause) : null;
            case 4:
                return MemberFields.ReadTerms(ref reader, layout) is { } terms ? new GroupRecord.Resubscribed(memberId, terms) : null;
            default:
                return PartitionFields.TryRead(ref reader, out var partitions) ? new GroupRecord.Released(memberId, partitions) : null;
        }
    }

    private static void WriteTargeted(FieldWriter writer, GroupRecord.Targeted targeted)
    {
        writer.Int32(targeted.Epoch).Text(targeted.Assignor).Byte((byte)(targeted.IsCooperative ? 1 : 0)).Int32(targeted.Gained.Length);
        foreach (var (memberId, partitions) in targeted.Gained)
        {
            PartitionFields.Write(writer.Text(memberId.Value), partitions);
        }

        PartitionFields.Write(writer, targeted.Unassigned);
    }

    private static GroupRecord.Targeted? ReadTargeted(ref FieldReader reader)
    {
        var epoch = reader.Int32();
        if (!reader.TryText(out var assignor) || !TryReadFlag(ref reader, out var isCooperative)
            || !TryReadCount(ref reader, out var count))
        {
            return null;
        }

        var gained = ImmutableArray.CreateBuilder<MemberPartitions>();
        while (gained.Count < count)
        {
            if (!MemberFields.TryReadMemberId(ref reader, out var memberId) || !PartitionFields.TryRead(ref reader, out var partitions))
            {
                return null;
            }

            gained.Add(new MemberPartitions(memberId, partitions));
        }

        return PartitionFields.TryRead(ref reader, out var unassigned)
            ? new GroupRecord.Targeted(epoch, assignor, isCooperative, gained.ToImmutable(), unassigned)
            : null;
    }

    private static void WriteSnapshot(FieldWriter writer, GroupRecord.Snapshot snapshot, byte layout)
    {
        writer.Int32(snapshot.Epoch).Int32(snapshot.TargetEpoch).Text(snapshot.Assignor).Byte((byte)(snapshot.IsCooperative ? 1 : 0))
            .Int32(snapshot.Members.Length);
        foreach (var member in snapshot.Members)
        {
            MemberFields.Write(writer, member.Profile, layout);
            writer.Int32(member.JoinedAt).Int32(member.MemberEpoch);
            PartitionFields.Write(writer, member.Held);
            PartitionFields.Write(writer, member.Target);
        }
    }

    private static GroupRecord.Snapshot? ReadSnapshot(ref FieldReader reader, byte layout)
    {
        var (epoch, targetEpoch) = (reader.Int32(), reader.Int32());
        if (!reader.TryText(out var assignor) || !TryReadFlag(ref reader, out var isCooperative)
            || !TryReadCount(ref reader, out var count))
        {
            return null;
        }

        var members = ImmutableArray.CreateBuilder<MemberSnapshot>();
        while (members.Count < count)
        {
            var profile = MemberFields.ReadProfile(ref reader, layout);
            var (joinedAt, memberEpoch) = (reader.Int32(), reader.Int32());
            if (profile is null || !PartitionFields.TryReadHeld(ref reader, out var held)
                || !PartitionFields.TryRead(ref reader, out var target))
            {
                return null;
            }

            members.Add(new MemberSnapshot(profile, joinedAt, memberEpoch, held, target));
        }

        return new GroupRecord.Snapshot(epoch, targetEpoch, assignor, isCooperative, members.ToImmutable());
    }

    private static bool HasClassic(GroupRecord record) => record switch
    {
        GroupRecord.Joined joined => joined.Member.Subscription.IsClassic,
        GroupRecord.Replaced replaced => replaced.Successor.Subscription.IsClassic,
        GroupRecord.Resubscribed resubscribed => resubscribed.Subscription.IsClassic,
        GroupRecord.Snapshot snapshot => snapshot.Members.Any(member => member.Profile.Subscription.IsClassic),
        _ => false,
    };

    private static bool TryReadFlag(ref FieldReader reader, out bool flag)
    {
        var value = reader.Byte();
        flag = value == 1;
        return value <= 1 && !reader.HasFailed;
    }

    // Lists grow as their entries are read, so a corrupt count does not cause a large allocation.
    private static bool TryReadCount(ref FieldReader reader, out int count)
    {
        count = reader.Int32();
        return count >= 0 && count <= reader.Left && !reader.HasFailed;
    }
}
