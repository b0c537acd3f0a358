using System.Buffers.Binary;
using Loire.Log;
using Loire.Model;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;

namespace Loire.Grains.Groups;

/// <summary>
/// A group's state, members and offsets, and the journal that it is made of. A change is applied at once and made durable by
/// <see cref="GroupCommitQueue"/>.
/// <code>
///   record     1 kind | 1 members: GroupRecordCodec's bytes, 2 offsets: OffsetsRecordCodec's bytes
///   snapshot   1 kind, 3 | 4 length of the offsets | offsets | members
/// </code>
/// </summary>
/// <param name="newJournal">Makes the journal, not opened.</param>
/// <param name="machine">The members, as nobody has ever seen them.</param>
/// <param name="failed">Told once why nothing more is written, and the exception if that is a bug.</param>
internal sealed class GroupJournal(Func<Journal> newJournal, GroupMachine machine, Action<ErrorCode, Exception?> failed) : IAsyncDisposable
{
    private const byte MembersKind = 1;
    private const byte OffsetsKind = 2;
    private const byte SnapshotKind = 3;

    private Journal? _journal;
    private GroupCommitQueue? _writes;

    /// <summary>The committed offsets.</summary>
    public OffsetsState Offsets { get; } = new();

    /// <summary>The members.</summary>
    public GroupMachine Machine => machine;

    /// <summary>Whether the group has ever changed since it was created: then there is a journal.</summary>
    public bool Exists { get; private set; }

    /// <summary>Ends when everything applied so far is durable, or with the reason why it never will be.</summary>
    public Task<ErrorCode> Durable => Writes.Durable;

    /// <summary>Bytes that are not durable yet.</summary>
    public long PendingBytes => Writes.PendingBytes;

    private GroupCommitQueue Writes => _writes ?? throw new InvariantException("the journal is open");

    /// <summary>Replays what is durable; once, before anything else.</summary>
    public async Task<ErrorCode> OpenAsync()
    {
        var error = await ReplayAsync();
        if (error == ErrorCode.UnknownTopicOrPartition)
        {
            // Its deletion was interrupted after the group was gone for everyone.
            error = await _journal!.DeleteAsync();
            error = error == ErrorCode.None ? await ReplayAsync() : error;
        }

        _writes = new GroupCommitQueue(_journal!, SnapshotBytes, failed);
        return error == ErrorCode.None ? ErrorCode.None : ErrorCode.KafkaStorageError;
    }

    /// <summary>Makes a change durable that the machine has applied already; applies one of the offsets and makes it durable too.</summary>
    public Task<ErrorCode> Append(IReadOnlyList<GroupRecord> members, OffsetsRecord? offsets)
    {
        var records = new List<ReadOnlyMemory<byte>>(members.Count + 1);
        foreach (var record in members)
        {
            records.Add(Enveloped(MembersKind, GroupRecordCodec.Write(record)));
        }

        if (offsets is not null)
        {
            Offsets.Apply(offsets);
            records.Add(Enveloped(OffsetsKind, OffsetsRecordCodec.Write(offsets)));
        }

        Exists |= records.Count > 0;
        return Writes.Append(records);
    }

    /// <summary>Deletes the journal; nothing more is written.</summary>
    public async Task<ErrorCode> DeleteAsync()
    {
        await Writes.StopAsync();
        return await _journal!.DeleteAsync();
    }

    /// <summary>Waits for the write under way.</summary>
    public ValueTask DisposeAsync() => _journal?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static byte[] Enveloped(byte kind, ReadOnlyMemory<byte> record)
    {
        var bytes = new byte[1 + record.Length];
        bytes[0] = kind;
        record.Span.CopyTo(bytes.AsSpan(1));
        return bytes;
    }

    private ReadOnlyMemory<byte> SnapshotBytes()
    {
        var offsets = OffsetsRecordCodec.Write(Offsets.Snapshot());
        var members = GroupRecordCodec.Write(machine.State.Snapshot());
        var bytes = new byte[1 + sizeof(int) + offsets.Length + members.Length];
        bytes[0] = SnapshotKind;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), offsets.Length);
        offsets.Span.CopyTo(bytes.AsSpan(1 + sizeof(int)));
        members.Span.CopyTo(bytes.AsSpan(1 + sizeof(int) + offsets.Length));
        return bytes;
    }

    private async Task<ErrorCode> ReplayAsync()
    {
        var unreadable = false;
        _journal = newJournal();
        var error = await _journal.OpenAsync(
            bytes => unreadable = unreadable || !TryReplaySnapshot(bytes), bytes => unreadable = unreadable || !TryReplay(bytes));
        return error == ErrorCode.None && unreadable ? ErrorCode.CorruptMessage : error;
    }

    private bool TryReplay(ReadOnlySpan<byte> bytes)
    {
        Exists = true;
        switch (bytes.IsEmpty ? 0 : bytes[0])
        {
            case MembersKind when GroupRecordCodec.TryRead(bytes[1..], out var members):
                machine.Replay(members);
                return true;
            case OffsetsKind when OffsetsRecordCodec.TryRead(bytes[1..], out var offsets):
                Offsets.Apply(offsets);
                return true;
            default:
                return false;
        }
    }

    private bool TryReplaySnapshot(ReadOnlySpan<byte> bytes)
    {
        Exists = true;
        if (bytes.Length < 1 + sizeof(int) || bytes[0] != SnapshotKind)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[1..]);
        bytes = bytes[(1 + sizeof(int))..];
        if (length < 0 || length > bytes.Length
            || !OffsetsRecordCodec.TryRead(bytes[..length], out var offsets) || !GroupRecordCodec.TryRead(bytes[length..], out var members))
        {
            return false;
        }

        Offsets.Apply(offsets);
        machine.Replay(members);
        return true;
    }
}
