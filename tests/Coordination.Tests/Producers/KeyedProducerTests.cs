using Loire.Coordination.Producers;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Tests.Producers;

/// <summary>Producers that stand for a client's key, and make one append.</summary>
public class KeyedProducerTests
{
    private readonly ProducerTable _table = new(2);
    private Offset _end;

    [Fact]
    public void The_same_append_is_known_again_however_it_is_cut_into_batches()
    {
        Append(Of(1, 100, 7, 3), Of(1, 103, 7, 2));
        Assert.Equal("again 0-5", Judge(Of(1, 100, 7, 3), Of(1, 103, 7, 2)));
        Assert.Equal("again 0-5", Judge(Of(1, 100, 7, 5)));
        _table.Advance(new Offset(5));
        Append(Of(2, 9, 9, 1));
        Assert.Equal("again 0-5", Judge([.. Enumerable.Range(100, 5).Select(i => Of(1, i, 7, 1))]));
    }

    [Fact]
    public void Anything_else_with_the_same_key_is_refused()
    {
        Append(Of(1, 100, 7, 5));
        foreach (var other in new[] { Of(1, 100, 7, 4), Of(1, 100, 8, 5), Of(1, 101, 7, 5), Of(1, 105, 7, 1), Of(1, 0, 8, 1), Of(1, 0, 6, 1) })
        {
            Assert.Equal("DuplicateResource", Judge(other));
        }

        Assert.Equal("new", Judge(Of(2, 100, 7, 4)));
    }

    [Fact]
    public void Batches_that_are_no_single_append_are_refused()
    {
        Assert.Equal("OutOfOrderSequenceNumber", Judge(Of(1, 0, 0, 1), Of(1, 5, 0, 1)));
        Assert.Equal("OutOfOrderSequenceNumber", Judge(Of(1, 0, 0, 1), Of(2, 1, 0, 1)));
        Assert.Equal("InvalidTxnState", Judge(Of(1, 0, 0, 1) with { IsTransactional = true }));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _table.Check(Of(1, 0, 0, 1), [], null, out _));
    }

    [Fact]
    public void An_append_that_fails_is_forgotten()
    {
        Append(Of(1, 100, 7, 5));
        _table.Fail(Offset.Zero);
        Assert.Equal("new", Judge(Of(1, 3, 3, 3)));
    }

    [Fact]
    public void Keys_and_producers_do_not_displace_each_other()
    {
        _end = Append(new ProducedBatch(5, 0, 0, 1, Timestamp.None), new ProducedBatch(6, 0, 0, 1, Timestamp.None));
        for (var key = 0; key < 5; key++)
        {
            Append(Of(key, 0, 0, 1));
        }

        _table.Advance(_end);
        Assert.Equal([KeyedProducer.FirstId + 3, KeyedProducer.FirstId + 4, 5, 6], _table.Producers.Select(state => state.Producer));
        Assert.Equal(("new", "again 6-7"), (Judge(Of(2, 0, 0, 1)), Judge(Of(4, 0, 0, 1))));
        _table.Replay(new ProducedBatch(7, 0, 0, 1, Timestamp.None), _end, Timestamp.None);
        Assert.Equal([KeyedProducer.FirstId + 3, KeyedProducer.FirstId + 4, 6, 7], _table.Producers.Select(state => state.Producer));
    }

    [Fact]
    public void A_key_is_forgotten_once_it_has_expired()
    {
        _table.Replay(Of(1, 0, 0, 1), new Offset(0), new Timestamp(1_000));
        _table.Expire(new Timestamp(1_000));
        Assert.Equal("again 0-1", Judge(Of(1, 0, 0, 1)));
        _table.Expire(new Timestamp(1_001));
        Assert.Equal(("new", 0), (Judge(Of(1, 0, 0, 2)), _table.Count));
    }

    private static ProducedBatch Of(long key, int first, short epoch, int records) => new(KeyedProducer.FirstId + key, epoch, first, records, Timestamp.None);

    private string Judge(params ProducedBatch[] batches)
    {
        var verdict = _table.JudgeKeyed(batches);
        return verdict.Error != ErrorCode.None ? verdict.Error.ToString()
            : verdict.Repeated == 0 ? "new" : $"again {verdict.BaseOffset.Value}-{verdict.NextOffset.Value}";
    }

    private Offset Append(params ProducedBatch[] batches)
    {
        foreach (var batch in batches)
        {
            _end += batch.Offsets;
            _table.Append(batch, _end + -1, Timestamp.None);
        }

        return _end;
    }
}
