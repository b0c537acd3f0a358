using System.Buffers.Binary;
using Loire.Coordination.Groups.Assignors;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;
using Loire.Grains.Groups;
using Loire.Model;

namespace Loire.Grains.Tests.Groups;

public class GroupJournalCodecTests
{
    private readonly GroupJournalCodec _codec = new(() => new GroupMachine(new AssignorRegistry([]), new MembershipOptions()));

    [Fact]
    public void A_record_is_its_kind_and_the_bytes_of_its_codec()
    {
        var emptied = new OffsetsRecord.Emptied(new Timestamp(5));
        var written = _codec.Write(new GroupJournalRecord.Offsets(emptied)).ToArray();
        Assert.Equal([2, .. OffsetsRecordCodec.Write(emptied).Span], written);
        Assert.True(_codec.TryRead(written, out var read));
        Assert.Equal(new GroupJournalRecord.Offsets(emptied), read);

        var members = _codec.New().Machine.State.Snapshot();
        written = _codec.Write(new GroupJournalRecord.Members(members)).ToArray();
        Assert.Equal([1, .. GroupRecordCodec.Write(members).Span], written);
        Assert.True(_codec.TryRead(written, out read));
        Assert.IsType<GroupJournalRecord.Members>(read);
    }

    [Fact]
    public void A_snapshot_has_the_length_of_the_offsets_the_offsets_and_the_members()
    {
        var state = _codec.New();
        _codec.Apply(state, new GroupJournalRecord.Offsets(new OffsetsRecord.Emptied(new Timestamp(7))));
        var written = _codec.Write(_codec.Snapshot(state)).ToArray();
        var offsets = OffsetsRecordCodec.Write(state.Offsets.Snapshot()).ToArray();
        Assert.Equal(3, written[0]);
        Assert.Equal(offsets.Length, BinaryPrimitives.ReadInt32BigEndian(written.AsSpan(1)));
        Assert.Equal([.. offsets, .. GroupRecordCodec.Write(state.Machine.State.Snapshot()).Span], written[5..]);

        Assert.True(_codec.TryRead(written, out var read));
        Assert.Equal(new Timestamp(7), _codec.Apply(_codec.New(), read).Offsets.EmptiedAt);
        for (var length = 0; length < written.Length; length++)
        {
            Assert.False(_codec.TryRead(written.AsSpan(0, length), out _), $"cut after {length} bytes");
        }
    }
}
