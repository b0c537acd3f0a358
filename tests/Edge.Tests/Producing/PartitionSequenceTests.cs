using Loire.Edge.Producing;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Edge.Tests.Producing;

public sealed class PartitionSequenceTests
{
    private static readonly TopicId _topic = new(Guid.Parse("11111111-2222-3333-4444-555555555555"));

    [Fact]
    public void Stored_batches_advance_the_sequence_and_it_wraps_as_kafkas_does()
    {
        var sequence = Begun();
        sequence.Advance(3);
        Assert.Equal(new BatchStamp(new ProducerIdentity(7, 0), 3), sequence.Next);
        sequence.Advance(int.MaxValue - 3);
        Assert.Equal(int.MaxValue, sequence.Next.Sequence);
        sequence.Advance(1);
        Assert.Equal(0, sequence.Next.Sequence);
    }

    [Fact]
    public void A_higher_epoch_begins_at_sequence_0()
    {
        var sequence = Begun();
        sequence.Advance(3);
        sequence.Raise();
        Assert.Equal(new BatchStamp(new ProducerIdentity(7, 1), 0), sequence.Next);
    }

    [Fact]
    public void After_the_highest_epoch_comes_a_new_id()
    {
        var sequence = Begun();
        for (var epoch = 0; epoch < short.MaxValue; epoch++)
        {
            sequence.Raise();
        }

        Assert.Equal(short.MaxValue, sequence.Next.Producer.Epoch);
        sequence.Raise();
        Assert.Equal((true, 7), (sequence.NeedsId, sequence.SpentId));
        sequence.Raise();
        Assert.Equal((true, 7), (sequence.NeedsId, sequence.SpentId));
        sequence.Begin(8);
        Assert.Equal(new BatchStamp(new ProducerIdentity(8, 0), 0), sequence.Next);
    }

    [Fact]
    public void Another_creation_of_the_topic_begins_with_a_higher_epoch()
    {
        var sequence = Begun();
        Assert.False(sequence.Follow(_topic));
        sequence.Advance(3);
        Assert.True(sequence.Follow(new TopicId(Guid.Parse("99999999-2222-3333-4444-555555555555"))));
        Assert.Equal(new BatchStamp(new ProducerIdentity(7, 1), 0), sequence.Next);
    }

    private static PartitionSequence Begun()
    {
        var sequence = new PartitionSequence();
        Assert.False(sequence.Follow(_topic));
        sequence.Begin(7);
        return sequence;
    }
}
