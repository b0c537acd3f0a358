using System.Buffers.Binary;
using Loire.Coordination.Groups.Assignors;
using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Coordination.Groups.Offsets;
using Loire.Grains.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Grains.Tests.Groups;

public class GroupJournalCodecTests
{
    private readonly GroupJournalCodec _codec = new(() => new StoredGroup(
        new GroupMachine(new AssignorRegistry([]), new MembershipOptions()), new ClassicGroupMachine(new MembershipOptions())));

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

    [Fact]
    public void A_snapshot_of_a_classic_group_has_its_last_generation_too()
    {
        var state = _codec.New();
        var member = new ClassicProfile(
            "m", null, "", "", TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(6), [new ClassicProtocol("range", new byte[] { 1 })], new byte[] { 2 });
        var formed = new ClassicRecord.Formed(new ClassicGeneration(4, 3, "consumer", "range", "m", [member]));
        _codec.Apply(state, new GroupJournalRecord.Classic(formed));
        var record = _codec.Write(new GroupJournalRecord.Classic(formed)).ToArray();
        Assert.Equal([4, .. ClassicRecordCodec.Write(formed).Span], record);
        Assert.True(_codec.TryRead(record, out _));

        var written = _codec.Write(_codec.Snapshot(state)).ToArray();
        Assert.Equal(5, written[0]);
        Assert.True(_codec.TryRead(written, out var read));
        var again = _codec.Apply(_codec.New(), read);
        Assert.Equal(ClassicRecordCodec.Write(formed).ToArray(), ClassicRecordCodec.Write(new ClassicRecord.Formed(again.Classic.Durable!)).ToArray());
        for (var length = 0; length < written.Length; length++)
        {
            Assert.False(_codec.TryRead(written.AsSpan(0, length), out _), $"cut after {length} bytes");
        }

        // What has ended leaves nothing.
        _codec.Apply(state, new GroupJournalRecord.Classic(new ClassicRecord.Ended()));
        Assert.Equal(3, _codec.Write(_codec.Snapshot(state)).Span[0]);
    }

    [Fact]
    public void A_snapshot_has_the_offsets_that_pend_and_without_any_the_bytes_of_a_group_that_never_had_one()
    {
        var (state, other) = (_codec.New(), _codec.New());
        var open = new OpenTransaction("tx", new ProducerIdentity(7, 2), 3);
        var offset = new CommittedOffset(new TopicPartition("t", 4), new Offset(5), LeaderEpoch.None, "", new Timestamp(6));
        _codec.Apply(state, new GroupJournalRecord.Offsets(new OffsetsRecord.Pended(new Timestamp(6), open, [offset])));
        var written = _codec.Write(_codec.Snapshot(state));
        Assert.True(_codec.TryRead(written.Span, out var read));
        var again = _codec.Apply(_codec.New(), read);
        Assert.Equal(written.ToArray(), _codec.Write(_codec.Snapshot(again)).ToArray());

        var ended = new OffsetsRecord.Ended(new Timestamp(9), new TransactionEnd(open.Producer, false, true, 3));
        _codec.Apply(again, new GroupJournalRecord.Offsets(ended));
        _codec.Apply(other, new GroupJournalRecord.Offsets(new OffsetsRecord.Committed(new Timestamp(9), [offset with { CommittedAt = new Timestamp(9) }])));
        Assert.Equal(_codec.Write(_codec.Snapshot(other)).ToArray(), _codec.Write(_codec.Snapshot(again)).ToArray());
    }
}
