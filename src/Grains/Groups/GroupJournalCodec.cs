using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;
using Loire.Grains.Journals;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>
/// The journal of one group. The machines of the members apply the records that they create, so records of members are applied here only on
/// replay.
/// <code>
///   members    1 kind, 1 | GroupRecordCodec's bytes
///   offsets    1 kind, 2 | OffsetsRecordCodec's bytes
///   snapshot   1 kind, 3 | 4 length of the offsets | offsets | members
///   classic    1 kind, 4 | ClassicRecordCodec's bytes
///   snapshot   1 kind, 5 | 4 length of the offsets | offsets | 4 length of the members | members | the last generation: of a classic group
/// </code>
/// </summary>
/// <param name="newState">Creates the state of a group without any record.</param>
internal sealed class GroupJournalCodec(Func<StoredGroup> newState) : IJournalCodec<StoredGroup, GroupJournalRecord>
{
    private const byte MembersKind = 1;
    private const byte OffsetsKind = 2;
    private const byte SnapshotKind = 3;
    private const byte ClassicKind = 4;
    private const byte ClassicSnapshotKind = 5;

    public StoredGroup New() => newState();

    public StoredGroup Apply(StoredGroup state, GroupJournalRecord record)
    {
        switch (record)
        {
            case GroupJournalRecord.Members members:
                state.Machine.Replay(members.Record);
                break;
            case GroupJournalRecord.Classic classic:
                state.Classic.Replay(classic.Record);
                break;
            case GroupJournalRecord.Offsets offsets:
                state.Offsets.Apply(offsets.Record);
                break;
            case GroupJournalRecord.Snapshot snapshot:
                state.Offsets.Apply(snapshot.AllOffsets);
                state.Machine.Replay(snapshot.AllMembers);
                if (snapshot.LastGeneration is { } last)
                {
                    state.Classic.Replay(last);
                }

                break;
        }

        return state;
    }

    public GroupJournalRecord Snapshot(StoredGroup state) => new GroupJournalRecord.Snapshot(
        state.Offsets.Snapshot(), state.Machine.State.Snapshot(), state.Classic.Durable is { } last ? new ClassicRecord.Formed(last) : null);

    public ReadOnlyMemory<byte> Write(GroupJournalRecord record) => record switch
    {
        GroupJournalRecord.Members members => Join(MembersKind, GroupRecordCodec.Write(members.Record).Span),
        GroupJournalRecord.Offsets offsets => Join(OffsetsKind, OffsetsRecordCodec.Write(offsets.Record).Span),
        GroupJournalRecord.Classic classic => Join(ClassicKind, ClassicRecordCodec.Write(classic.Record).Span),
        GroupJournalRecord.Snapshot snapshot => WriteSnapshot(snapshot),
        _ => throw new InvariantException($"a record of type {record.GetType().Name} is known"),
    };

    public bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GroupJournalRecord? record)
    {
        record = (bytes.IsEmpty ? 0 : bytes[0]) switch
        {
            MembersKind => GroupRecordCodec.TryRead(bytes[1..], out var members) ? new GroupJournalRecord.Members(members) : null,
            OffsetsKind => OffsetsRecordCodec.TryRead(bytes[1..], out var offsets) ? new GroupJournalRecord.Offsets(offsets) : null,
            SnapshotKind => ReadSnapshot(bytes[1..], isClassic: false),
            ClassicKind => ClassicRecordCodec.TryRead(bytes[1..], out var classic) ? new GroupJournalRecord.Classic(classic) : null,
            ClassicSnapshotKind => ReadSnapshot(bytes[1..], isClassic: true),
            _ => null,
        };
        return record is not null;
    }

    private static byte[] WriteSnapshot(GroupJournalRecord.Snapshot snapshot)
    {
        var offsets = OffsetsRecordCodec.Write(snapshot.AllOffsets);
        var members = GroupRecordCodec.Write(snapshot.AllMembers);
        return snapshot.LastGeneration is { } last
            ? [ClassicSnapshotKind, .. Length(offsets), .. offsets.Span, .. Length(members), .. members.Span, .. ClassicRecordCodec.Write(last).Span]
            : [SnapshotKind, .. Length(offsets), .. offsets.Span, .. members.Span];
    }

    private static GroupJournalRecord.Snapshot? ReadSnapshot(ReadOnlySpan<byte> bytes, bool isClassic)
    {
        if (!TryTake(ref bytes, out var part) || !OffsetsRecordCodec.TryRead(part, out var offsets) || (isClassic && !TryTake(ref bytes, out part)))
        {
            return null;
        }

        ClassicRecord? last = null;
        return GroupRecordCodec.TryRead(isClassic ? part : bytes, out var members) && (!isClassic || ClassicRecordCodec.TryRead(bytes, out last))
            && last is null or ClassicRecord.Formed
                ? new GroupJournalRecord.Snapshot(offsets, members, last as ClassicRecord.Formed)
                : null;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> part)
    {
        part = default;
        if (!BinaryPrimitives.TryReadInt32BigEndian(bytes, out var length) || length < 0 || length > bytes.Length - sizeof(int))
        {
            return false;
        }

        part = bytes.Slice(sizeof(int), length);
        bytes = bytes[(sizeof(int) + length)..];
        return true;
    }

    private static byte[] Length(ReadOnlyMemory<byte> bytes)
    {
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        return length;
    }

    private static byte[] Join(byte kind, ReadOnlySpan<byte> record) => [kind, .. record];
}
