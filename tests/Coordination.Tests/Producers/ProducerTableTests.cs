using System.Globalization;
using Loire.Coordination.Producers;
using Loire.Model;

namespace Loire.Coordination.Tests.Producers;

/// <summary>Sequences of idempotent producers, as Kafka judges them.</summary>
public class ProducerTableTests
{
    private readonly ProducerTable _table = new(100);
    private Offset _end;

    [Fact]
    public void Batches_in_sequence_are_appended_and_each_of_the_last_five_is_known_again()
    {
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal($"new at {2 * i}", Produce(first: 2 * i, records: 2));
        }

        Assert.Equal("out of order", Produce(first: 4, records: 2));
        for (var i = 3; i < 8; i++)
        {
            Assert.Equal($"again {2 * i}", Produce(first: 2 * i, records: 2));
        }

        Assert.Equal("new at 16", Produce(first: 16, records: 1));
    }

    [Fact]
    public void What_neither_continues_nor_repeats_a_batch_is_out_of_order()
    {
        Produce(first: 0, records: 2);
        Produce(first: 2, records: 2);
        Assert.Equal("out of order", Produce(first: 9, records: 1));
        Assert.Equal("out of order", Produce(first: 2, records: 1));
        Assert.Equal("out of order", Produce(first: 2, records: 3));
        Assert.Equal("out of order", Produce(first: 0, records: 4));
        Assert.Equal("out of order", Produce(first: 3, records: 1));
        Assert.Equal("new at 4", Produce(first: 4, records: 1));
    }

    [Fact]
    public void A_producer_that_is_not_known_begins_with_any_sequence_and_epoch()
    {
        Assert.Equal("new at 0", Produce(first: 5, records: 1, epoch: 3));
        Assert.Equal("out of order", Produce(first: 0, records: 1, epoch: 3));
        Assert.Equal("new at 1", Produce(producer: 8, first: 0, records: 1, epoch: -1));
        Assert.Equal("new at 2", Produce(producer: 8, first: 1, records: 1, epoch: -1));
    }

    [Fact]
    public void A_higher_epoch_begins_at_sequence_0_and_fences_the_lower_ones()
    {
        Produce(first: 0, records: 1);
        Produce(first: 1, records: 1);
        Assert.Equal("out of order", Produce(first: 2, records: 1, epoch: 1));
        Assert.Equal("new at 2", Produce(first: 0, records: 1, epoch: 1));
        Assert.Equal("fenced", Produce(first: 2, records: 1));
        Assert.Equal("fenced", Produce(first: 1, records: 1));
        Assert.Equal("again 2", Produce(first: 0, records: 1, epoch: 1));
        Assert.Equal("new at 3", Produce(first: 0, records: 1, epoch: 7));
        Assert.Equal("again 3", Produce(first: 0, records: 1, epoch: 7));
    }

    [Fact]
    public void Sequences_begin_again_after_the_greatest()
    {
        Assert.Equal("new at 0", Produce(first: int.MaxValue - 1, records: 1));
        Assert.Equal("new at 1", Produce(first: int.MaxValue, records: 3));
        Assert.Equal("again 1", Produce(first: int.MaxValue, records: 3));
        Assert.Equal("out of order", Produce(first: int.MaxValue, records: 1));
        Assert.Equal("new at 4", Produce(first: 2, records: 1));
    }

    [Fact]
    public void Batches_of_one_append_follow_each_other_and_none_repeats_another()
    {
        ProducedBatch[] two = [Of(0, 2), Of(2, 1)];
        Assert.Equal(ErrorCode.None, _table.Check(two[1], two.AsSpan(0, 1), out _));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _table.Check(Of(3, 1), two.AsSpan(0, 1), out _));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _table.Check(two[0], two.AsSpan(0, 1), out var original));
        Assert.Null(original);
        Assert.Equal(ErrorCode.None, _table.Check(Of(0, 1, epoch: 1), two, out _));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, _table.Check(Of(3, 1, epoch: -1), two, out _));
        Assert.Equal(ErrorCode.None, _table.Check(Of(0, 9, producer: 2), two, out _));
    }

    [Fact]
    public void Batches_that_fail_are_forgotten_and_may_come_again()
    {
        Produce(first: 0, records: 1);
        Append(Of(1, 1));
        Append(Of(2, 1));
        Append(Of(0, 1, producer: 2));
        Assert.Equal("again 2", Judge(Of(2, 1)));
        _table.Fail(new Offset(1));
        _end = new Offset(1);
        Assert.Equal((1, "new"), (_table.Count, Judge(Of(1, 1))));
        Assert.Equal("out of order", Judge(Of(2, 1)));
        Assert.Equal("new", Judge(Of(7, 1, producer: 2)));
        Assert.Equal("again 0", Judge(Of(0, 1)));
        Assert.Equal("new at 1", Produce(first: 1, records: 1));
    }

    [Fact]
    public void A_newer_epoch_that_fails_fences_nobody()
    {
        Produce(first: 0, records: 1);
        Append(Of(0, 1, epoch: 5));
        Assert.Equal("fenced", Judge(Of(1, 1)));
        _table.Fail(new Offset(1));
        _end = new Offset(1);
        Assert.Equal(("again 0", "new"), (Judge(Of(0, 1)), Judge(Of(1, 1))));
    }

    [Fact]
    public void Beyond_the_capacity_the_producer_goes_that_appended_the_longest_time_ago()
    {
        var table = new ProducerTable(2);
        table.Replay(Of(0, 1, producer: 1), new Offset(0), Timestamp.None);
        table.Replay(Of(0, 1, producer: 2), new Offset(1), Timestamp.None);
        table.Replay(Of(1, 1, producer: 1), new Offset(2), Timestamp.None);
        table.Replay(Of(0, 1, producer: 3), new Offset(3), Timestamp.None);
        Assert.Equal([1, 3], table.Producers.Select(state => state.Producer));
        Assert.Equal(ErrorCode.None, table.Check(Of(9, 1, producer: 2), [], out _));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, table.Check(Of(9, 1, producer: 1), [], out _));
    }

    [Fact]
    public void A_producer_that_has_appended_nothing_for_long_is_forgotten()
    {
        _table.Replay(Of(0, 1, producer: 1), new Offset(0), new Timestamp(1_000));
        _table.Replay(Of(0, 1, producer: 2), new Offset(1), new Timestamp(2_000));
        _table.Replay(Of(1, 1, producer: 1), new Offset(2), new Timestamp(3_000));
        _table.Expire(new Timestamp(2_001));
        Assert.Equal([1], _table.Producers.Select(state => state.Producer));
        _table.Expire(new Timestamp(3_000));
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void The_last_batch_of_each_producer_is_known_to_compaction()
    {
        Produce(first: 0, records: 2);
        Produce(first: 2, records: 2);
        Append(Of(4, 1));
        Assert.Equal((false, true, false), (_table.IsLast(1, new Offset(1)), _table.IsLast(1, new Offset(3)), _table.IsLast(1, new Offset(4))));
        Assert.False(_table.IsLast(2, new Offset(3)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_is_read_again_from_any_stored_pages_and_the_log_after_them_is_what_was_kept_live(int seed)
    {
        var random = new Random(seed);
        var live = new ProducerTable(6);
        var (log, pending, pages, from, end) = (new List<(ProducedBatch Batch, Offset Last)>(), new List<(ProducedBatch Batch, Offset Last)>(), ProducerPage.Write([]), 0, 0L);
        for (var step = 0; step < 3_000; step++)
        {
            switch (random.Next(10))
            {
                case < 6:
                    var batch = Next(live, random);
                    if (live.Check(batch, [], out var original) == ErrorCode.None && original is null)
                    {
                        end += batch.Offsets;
                        live.Append(batch, new Offset(end - 1), Timestamp.None);
                        pending.Add((batch, new Offset(end - 1)));
                    }

                    break;
                case < 8:
                    var durable = pending.Take(random.Next(pending.Count + 1)).ToList();
                    live.Advance(durable.Count == 0 ? Offset.Zero : durable[^1].Last + 1);
                    log.AddRange(durable);
                    pending.RemoveRange(0, durable.Count);
                    break;
                case 8:
                    if (pending.Count > 0)
                    {
                        end = pending[0].Last.Value + 1 - pending[0].Batch.Offsets;
                        live.Fail(new Offset(end));
                        pending.Clear();
                    }

                    break;
                default:
                    (pages, from) = (ProducerPage.Write(live.Producers), log.Count);
                    break;
            }

            var again = new ProducerTable(6);
            var stored = new List<ProducerState>();
            Assert.All(pages, page => Assert.True(ProducerPage.TryRead(page.Span, stored)));
            again.Restore(stored);
            foreach (var (batch, last) in log.Skip(from))
            {
                again.Replay(batch, last, Timestamp.None);
            }

            Assert.True(Text(live) == Text(again), $"seed {seed}, step {step}: {Text(live)} live, {Text(again)} read again");
        }
    }

    [Fact]
    public void Pages_hold_every_field_and_no_damaged_byte_of_their_structure_passes()
    {
        ProducerState[] states =
        [
            new(long.MaxValue, new Timestamp(7), [new AppendedBatch(short.MinValue, int.MaxValue, 3, new Offset(9), new Timestamp(-1))]),
            new(0, Timestamp.None, [.. Enumerable.Range(1, 5).Select(i => new AppendedBatch(2, i, 1, new Offset(10 + i), new Timestamp(i)))]),
        ];
        var page = Assert.Single(ProducerPage.Write(states)).ToArray();
        var read = new List<ProducerState>();
        Assert.True(ProducerPage.TryRead(page, read));
        Assert.Equal(states.Select(Text), read.Select(Text));
        for (var length = 0; length < page.Length; length++)
        {
            var partial = new List<ProducerState>();
            Assert.True(!ProducerPage.TryRead(page.AsSpan(0, length), partial) || partial.Count < 2);
        }

        Assert.False(ProducerPage.TryRead([2], []));
        var many = ProducerPage.Write(Enumerable.Range(0, 10_000).Select(i => states[1] with { Producer = i }));
        Assert.InRange(many.Count, 10, 30);
        read.Clear();
        Assert.All(many, one => Assert.True(ProducerPage.TryRead(one.Span, read)));
        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => (long)i), read.Select(state => state.Producer));
    }

    private static ProducedBatch Of(int first, int records, short epoch = 0, long producer = 1) => new(producer, epoch, first, records, Timestamp.None);

    /// <summary>A batch that mostly continues, and sometimes repeats, skips, or belongs to a new or an old epoch.</summary>
    private static ProducedBatch Next(ProducerTable table, Random random)
    {
        var producer = random.Next(9);
        var (epoch, first) = ((short)0, 0);
        if (table.TryGet(producer, out var state))
        {
            (epoch, first) = (state.Batches[^1].Epoch, (int)((state.Batches[^1].LastSequence + 1L) & int.MaxValue));
        }

        return random.Next(8) switch
        {
            0 => Of(0, 1 + random.Next(3), (short)(epoch + 1), producer),
            1 => Of(Math.Max(0, first - 1), 1, epoch, producer),
            2 => Of(int.MaxValue, 2, epoch, producer),
            _ => Of(first, 1 + random.Next(3), epoch, producer),
        };
    }

    private static string Text(ProducerTable table) => string.Join(' ', table.Producers.Select(Text));

    private static string Text(ProducerState state) => string.Create(
        CultureInfo.InvariantCulture, $"{state.Producer}@{state.LastAppend.Milliseconds}:{string.Join(',', state.Batches.Select(batch => batch.ToString()))}");

    private void Append(in ProducedBatch batch)
    {
        _end += batch.Offsets;
        _table.Append(batch, _end + -1, Timestamp.None);
    }

    private string Judge(in ProducedBatch batch) => _table.Check(batch, [], out var original) switch
    {
        ErrorCode.InvalidProducerEpoch => "fenced",
        ErrorCode.OutOfOrderSequenceNumber => "out of order",
        _ => original is { } known ? $"again {known.BaseOffset}" : "new",
    };

    private string Produce(int first, int records, short epoch = 0, long producer = 1)
    {
        var batch = Of(first, records, epoch, producer);
        var (verdict, at) = (Judge(batch), _end);
        if (verdict != "new")
        {
            return verdict;
        }

        Append(batch);
        _table.Advance(_end);
        return $"new at {at}";
    }
}
