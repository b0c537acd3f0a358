using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;
using Loire.Grains.Journals;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>
/// The journal of one group. The machine of the members applies the records that it creates, so records of members are applied here only on
/// replay.
/// <code>
///   members    1 kind, 1 | GroupRecordCodec's bytes
///   offsets    1 kind, 2 | OffsetsRecordCodec's bytes
///   snapshot   1 kind, 3 | 4 length of the offsets | offsets | members
/// </code>
/// </summary>
/// <param name="newMachine">Creates a machine without any record.</param>
internal sealed class GroupJournalCodec(Func<GroupMachine> newMachine) : IJournalCodec<StoredGroup, GroupJournalRecord>
{
    private const byte MembersKind = 1;
    private const byte OffsetsKind = 2;
    private const byte SnapshotKind = 3;

    public StoredGroup New() => new(newMachine());

    public StoredGroup Apply(StoredGroup state, GroupJournalRecord record)
    {
        switch (record)
        {
            case GroupJournalRecord.Members members:
                state.Machine.Replay(members.Record);
                break;
            case GroupJournalRecord.Offsets offsets:
                state.Offsets.Apply(offsets.Record);
                break;
            case GroupJournalRecord.Snapshot snapshot:
                state.Offsets.Apply(snapshot.AllOffsets);
                state.Machine.Replay(snapshot.AllMembers);
                break;
        }

        return state;
    }

    public GroupJournalRecord Snapshot(StoredGroup state) =>
        new GroupJournalRecord.Snapshot(state.Offsets.Snapshot(), state.Machine.State.Snapshot());

    public ReadOnlyMemory<byte> Write(GroupJournalRecord record) => record switch
    {
        GroupJournalRecord.Members members => Join(MembersKind, [], GroupRecordCodec.Write(members.Record).Span),
        GroupJournalRecord.Offsets offsets => Join(OffsetsKind, [], OffsetsRecordCodec.Write(offsets.Record).Span),
        GroupJournalRecord.Snapshot snapshot => WriteSnapshot(snapshot),
        _ => throw new InvariantException($"a record of type {record.GetType().Name} is known"),
    };

    public bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GroupJournalRecord? record)
    {
        record = (bytes.IsEmpty ? 0 : bytes[0]) switch
        {
            MembersKind => GroupRecordCodec.TryRead(bytes[1..], out var members) ? new GroupJournalRecord.Members(members) : null,
            OffsetsKind => OffsetsRecordCodec.TryRead(bytes[1..], out var offsets) ? new GroupJournalRecord.Offsets(offsets) : null,
            SnapshotKind => ReadSnapshot(bytes[1..]),
            _ => null,
        };
        return record is not null;
    }

    private static byte[] WriteSnapshot(GroupJournalRecord.Snapshot snapshot)
    {
        var offsets = OffsetsRecordCodec.Write(snapshot.AllOffsets);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, offsets.Length);
        return Join(SnapshotKind, length, offsets.Span, GroupRecordCodec.Write(snapshot.AllMembers).Span);
    }

    private static GroupJournalRecord.Snapshot? ReadSnapshot(ReadOnlySpan<byte> bytes)
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(bytes, out var length))
        {
            return null;
        }

        bytes = bytes[sizeof(int)..];
        return length >= 0 && length <= bytes.Length
            && OffsetsRecordCodec.TryRead(bytes[..length], out var offsets) && GroupRecordCodec.TryRead(bytes[length..], out var members)
            ? new GroupJournalRecord.Snapshot(offsets, members)
            : null;
    }

    private static byte[] Join(byte kind, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third = default) =>
        [kind, .. first, .. second, .. third];
}
