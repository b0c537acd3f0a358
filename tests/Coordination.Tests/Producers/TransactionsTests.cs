using Loire.Coordination.Producers;
using Loire.Model;

namespace Loire.Coordination.Tests.Producers;

/// <summary>Transactions in one partition: when they begin and end, and what readers may see.</summary>
public class TransactionsTests
{
    private readonly ProducerTable _table = new(4);
    private long _end;

    [Fact]
    public void A_transaction_begins_only_with_the_word_of_its_coordinator_and_needs_it_once()
    {
        Assert.Equal(ErrorCode.InvalidTxnState, Check(Of(0), null));
        Assert.Equal(ErrorCode.InvalidTxnState, Check(Of(0), new TransactionCheck(1, 0)));
        Assert.Equal(ErrorCode.InvalidTxnState, Check(Of(0), Confirmed(producer: 2)));
        Assert.Equal(ErrorCode.InvalidTxnState, Check(Of(0), Confirmed(epoch: 1)));
        Begin(Of(0));
        Assert.Equal(ErrorCode.None, Check(Of(1), null));
        Assert.True(_table.IsOpen(1, 0));
        Assert.False(_table.IsOpen(1, 1) || _table.IsOpen(2, 0));
    }

    [Fact]
    public void While_a_transaction_is_open_its_producer_writes_nothing_else_and_raises_no_epoch()
    {
        Begin(Of(0));
        Assert.Equal(ErrorCode.InvalidTxnState, Check(Of(1) with { IsTransactional = false }, null));
        Assert.Equal(ErrorCode.InvalidTxnState, Check(Of(0, epoch: 1), Confirmed(epoch: 1)));
        Assert.Equal(ErrorCode.None, Check(Of(0), null));
    }

    [Fact]
    public void A_marker_that_raises_the_epoch_fences_the_old_one_and_begins_sequences_again()
    {
        Begin(Of(0));
        Assert.Equal(MarkerStep.Append, End(epoch: 1));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Check(Of(1), Confirmed()));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Check(Of(1, epoch: 1), Confirmed(epoch: 1)));
        Assert.Equal(ErrorCode.None, Check(Of(0, epoch: 1), Confirmed(epoch: 1)));
    }

    [Fact]
    public void A_marker_that_keeps_the_epoch_keeps_the_sequence()
    {
        Begin(Of(0));
        Assert.Equal(MarkerStep.Append, End(epoch: 0, raises: false, number: 1));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Check(Of(0, records: 2), Confirmed()));
        Assert.Equal(ErrorCode.None, Check(Of(1), Confirmed()));
    }

    [Fact]
    public void A_marker_that_comes_again_or_late_ends_no_later_transaction_that_has_a_higher_epoch()
    {
        Begin(Of(0));
        End(epoch: 1);
        Assert.Equal(MarkerStep.Confirm, End(epoch: 1));
        Begin(Of(0, epoch: 1));
        Assert.Equal(MarkerStep.Confirm, End(epoch: 1));
        Assert.True(_table.IsOpen(1, 1));
        Assert.Equal(MarkerStep.Append, End(epoch: 2));
    }

    [Fact]
    public void A_marker_that_comes_again_or_late_ends_no_later_transaction_that_has_a_higher_number()
    {
        Begin(Of(0), number: 5);
        Assert.Equal(MarkerStep.Append, End(epoch: 0, raises: false, number: 5));
        Assert.Equal(MarkerStep.Confirm, End(epoch: 0, raises: false, number: 5));
        Begin(Of(1), number: 6);
        Assert.Equal(MarkerStep.Confirm, End(epoch: 0, raises: false, number: 5));
        Assert.True(_table.IsOpen(1, 0));
        Assert.Equal(MarkerStep.Append, End(epoch: 0, raises: false, number: 6));
    }

    [Fact]
    public void The_number_of_a_transaction_that_was_read_from_the_log_is_asked_for()
    {
        _table.Replay(Of(0), new Offset(0), Timestamp.None);
        _end = 1;
        Assert.Equal(MarkerStep.Ask, End(epoch: 0, raises: false, number: 5));
        _table.SetNumber(1, 6);
        Assert.Equal(MarkerStep.Confirm, End(epoch: 0, raises: false, number: 5));
        Assert.Equal(MarkerStep.Append, End(epoch: 0, raises: false, number: 6));
    }

    [Fact]
    public void A_check_ends_with_a_marker_of_its_transaction_and_not_with_an_earlier_one()
    {
        var (before, now, raised) = (_table.BeginCheck(1, 0), _table.BeginCheck(1, 0), _table.BeginCheck(1, 1));
        var (other, unanswered) = (_table.BeginCheck(2, 0), _table.BeginCheck(1, 0));
        before.Confirm(4);
        now.Confirm(5);
        raised.Confirm(6);
        other.Confirm(1);
        End(epoch: 0, raises: false, number: 4);
        Assert.Equal(
            (true, false, false, false, true), (before.IsCancelled, now.IsCancelled, raised.IsCancelled, other.IsCancelled, unanswered.IsCancelled));
        End(epoch: 1);
        Assert.Equal((true, false, false), (now.IsCancelled, raised.IsCancelled, other.IsCancelled));
        _table.End(raised);
        End(epoch: 9);
        Assert.False(raised.IsCancelled);
    }

    [Fact]
    public void The_first_open_transaction_bounds_what_is_stable_and_only_durable_changes_count()
    {
        Append(Of(0), Confirmed());
        Assert.Null(_table.FirstOpen);
        _table.Advance(new Offset(_end));
        Begin(Of(0, producer: 2));
        Assert.Equal(0, _table.FirstOpen!.Value.Value);
        Assert.Equal(MarkerStep.Append, AppendMarker(new EndMarker(1, 1, true)));
        Assert.Equal(0, _table.FirstOpen!.Value.Value);
        _table.Advance(new Offset(_end));
        Assert.Equal(1, _table.FirstOpen!.Value.Value);
        End(epoch: 1, producer: 2);
        Assert.Null(_table.FirstOpen);
    }

    [Fact]
    public void A_marker_that_fails_leaves_its_transaction_open()
    {
        Begin(Of(0));
        AppendMarker(new EndMarker(1, 1, true));
        Assert.False(_table.IsOpen(1, 0));
        _table.Fail(new Offset(1));
        _end = 1;
        Assert.True(_table.IsOpen(1, 0));
        Assert.Equal(MarkerStep.Append, End(epoch: 1, commits: false));
        Assert.Equal(1, _table.Aborted.Count);
    }

    [Fact]
    public void Aborted_transactions_are_those_that_overlap_what_is_read()
    {
        // 1 writes at 0 and 3, 2 at 1, 1 aborts at 4, 2 aborts at 5, 3 writes at 6 and commits at 7, 2 aborts one at 9 that began at 8.
        Begin(Of(0));
        Begin(Of(0, producer: 2));
        Append(new ProducedBatch(9, 0, 0, 1, Timestamp.None), null);
        Begin(Of(1));
        End(epoch: 1, commits: false);
        End(epoch: 1, commits: false, producer: 2);
        Begin(Of(0, producer: 3));
        End(epoch: 1, producer: 3);
        Begin(Of(0, epoch: 1, producer: 2));
        End(epoch: 2, commits: false, producer: 2);
        Assert.Equal("1@0 2@1", Overlapping(0, 8));
        Assert.Equal("1@0", Overlapping(0, 1));
        Assert.Equal("1@0 2@1 2@8", Overlapping(3, 10));
        Assert.Equal("2@1", Overlapping(5, 6));
        Assert.Equal("", Overlapping(6, 8));
        Assert.Equal("2@8", Overlapping(6, 9));
        _table.Aborted.Trim(new Offset(5));
        Assert.Equal("2@1 2@8", Overlapping(0, 100));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Overlapping_transactions_are_found_as_by_looking_at_all(int seed)
    {
        var (random, open) = (new Random(seed), new Dictionary<long, short>());
        for (var i = 0; i < 2_000; i++)
        {
            var producer = random.Next(4);
            var epoch = open.GetValueOrDefault(producer);
            if (_table.IsOpen(producer, epoch))
            {
                End(++epoch, commits: random.Next(2) == 0, producer: producer);
                open[producer] = epoch;
            }
            else
            {
                Begin(Of(0, epoch: epoch, producer: producer));
            }
        }

        for (var i = 0; i < 500; i++)
        {
            var from = random.Next((int)_end);
            var to = from + 1 + random.Next(50);
            var expected = _table.Aborted.Spans.Where(span => span.MarkerOffset.Value >= from && span.FirstOffset.Value < to);
            Assert.Equal(expected, _table.Aborted.Overlapping(new Offset(from), new Offset(to)));
        }
    }

    [Fact]
    public void A_producer_with_an_open_transaction_is_neither_forgotten_nor_expired_and_their_number_is_bounded()
    {
        Begin(Of(0));
        for (var producer = 2; producer < 9; producer++)
        {
            Append(new ProducedBatch(producer, 0, 0, 1, Timestamp.None), null);
            _table.Advance(new Offset(_end));
        }

        Assert.Equal([1, 6, 7, 8], _table.Producers.Select(state => state.Producer));
        _table.Expire(new Timestamp(long.MaxValue));
        Assert.Equal([1], _table.Producers.Select(state => state.Producer));
        for (var producer = 2; producer < 5; producer++)
        {
            Begin(Of(0, producer: producer));
        }

        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, Check(Of(0, producer: 9), Confirmed(producer: 9)));
        End(epoch: 1);
        Assert.Equal(ErrorCode.None, Check(Of(0, producer: 9), Confirmed(producer: 9)));
    }

    [Fact]
    public void A_marker_without_records_fences_all_the_same()
    {
        Assert.Equal(MarkerStep.Append, End(epoch: 3, commits: false));
        Assert.Equal(0, _table.Aborted.Count);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Check(Of(0, epoch: 2), Confirmed(epoch: 2)));
        Assert.Equal(ErrorCode.None, Check(Of(0, epoch: 3), Confirmed(epoch: 3)));
    }

    private static ProducedBatch Of(int first, int records = 1, short epoch = 0, long producer = 1) =>
        new(producer, epoch, first, records, Timestamp.None, IsTransactional: true);

    private static TransactionCheck Confirmed(short epoch = 0, long producer = 1, long number = 1)
    {
        var check = new TransactionCheck(producer, epoch);
        check.Confirm(number);
        return check;
    }

    private ErrorCode Check(in ProducedBatch batch, TransactionCheck? check) => _table.Check(batch, [], check, out _);

    private void Append(in ProducedBatch batch, TransactionCheck? check)
    {
        Assert.Equal(ErrorCode.None, Check(batch, check));
        _end += batch.Offsets;
        _table.Append(batch, new Offset(_end - 1), Timestamp.None, check);
    }

    private void Begin(in ProducedBatch batch, long number = 1)
    {
        Append(batch, Confirmed(batch.Epoch, batch.Producer, number));
        _table.Advance(new Offset(_end));
    }

    private MarkerStep AppendMarker(EndMarker marker, bool raises = true, long number = 1)
    {
        var order = new MarkerToWrite(marker, raises, number);
        var step = _table.Judge(order).Step;
        if (step == MarkerStep.Append)
        {
            _table.Append(order, new Offset(_end++), Timestamp.None);
        }

        return step;
    }

    private MarkerStep End(short epoch, bool commits = true, bool raises = true, long number = 1, long producer = 1)
    {
        var step = AppendMarker(new EndMarker(producer, epoch, commits), raises, number);
        _table.Advance(new Offset(_end));
        return step;
    }

    private string Overlapping(long from, long to) => string.Join(
        ' ', _table.Aborted.Overlapping(new Offset(from), new Offset(to)).Select(span => $"{span.Producer}@{span.FirstOffset}"));
}
