using System.Globalization;
using Loire.Coordination.Producers;
using Loire.Model;
using Loire.Model.Transactions;

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
        Assert.Equal(ErrorCode.None, _table.Check(two[1], two.AsSpan(0, 1), null, out _));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _table.Check(Of(3, 1), two.AsSpan(0, 1), null, out _));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _table.Check(two[0], two.AsSpan(0, 1), null, out var original));
        Assert.Null(original);
        Assert.Equal(ErrorCode.None, _table.Check(Of(0, 1, epoch: 1), two, null, out _));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, _table.Check(Of(3, 1, epoch: -1), two, null, out _));
        Assert.Equal(ErrorCode.None, _table.Check(Of(0, 9, producer: 2), two, null, out _));
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
        Assert.Equal(ErrorCode.None, table.Check(Of(9, 1, producer: 2), [], null, out _));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, table.Check(Of(9, 1, producer: 1), [], null, out _));
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
        var (log, pending) = (new List<Entry>(), new List<Entry>());
        var (pages, from, end) = (ProducerPage.Write(live), 0, 0L);
        for (var step = 0; step < 3_000; step++)
        {
            switch (random.Next(14))
            {
                case > 11:
                    // Two batches are one append; the stored key and the log after it tell whether it is a repetition.
                    var first = Of(random.Next(3) * 10, 1 + random.Next(2), (short)random.Next(2), KeyedProducer.FirstId + random.Next(9));
                    ProducedBatch[] keyed = [first, first with { FirstSequence = first.LastSequence + 1 }];
                    var verdict = live.JudgeKeyed(keyed);
                    Assert.True(verdict.Repeated is 0 or 2, "an append is repeated as a whole");
                    if (verdict.Error == ErrorCode.None && verdict.Repeated == 0)
                    {
                        foreach (var one in keyed)
                        {
                            end += one.Offsets;
                            live.Append(one, new Offset(end - 1), Timestamp.None);
                            pending.Add(new Entry(one, null, new Offset(end - 1)));
                        }
                    }

                    break;
                case < 6:
                    var batch = Next(live, random);
                    var check = new TransactionCheck(batch.Producer, batch.Epoch);
                    check.Confirm(step + 1);
                    if (live.Check(batch, [], check, out var original) == ErrorCode.None && original is null)
                    {
                        end += batch.Offsets;
                        live.Append(batch, new Offset(end - 1), Timestamp.None, check);
                        pending.Add(new Entry(batch, null, new Offset(end - 1)));
                    }

                    break;
                case < 8:
                    var producer = random.Next(9);
                    var epoch = live.TryGet(producer, out var state) ? state.Epoch : (short)0;
                    var raises = random.Next(2) == 0;
                    var marker = new MarkerToWrite(
                        new EndMarker(producer, (short)Math.Max(0, epoch + (raises ? 1 : 0)), random.Next(2) == 0), raises, step + 1);
                    if (live.Judge(marker).Step == MarkerStep.Append)
                    {
                        live.Append(marker, new Offset(end), Timestamp.None);
                        pending.Add(new Entry(null, marker.Marker, new Offset(end++)));
                    }

                    break;
                case < 10:
                    var durable = pending.Take(random.Next(pending.Count + 1)).ToList();
                    live.Advance(durable.Count == 0 ? Offset.Zero : durable[^1].Last + 1);
                    log.AddRange(durable);
                    pending.RemoveRange(0, durable.Count);
                    break;
                case 10:
                    if (pending.Count > 0)
                    {
                        end = pending[0].Last.Value + 1 - (pending[0].Batch?.Offsets ?? 1);
                        live.Fail(new Offset(end));
                        pending.Clear();
                    }

                    break;
                default:
                    (pages, from) = (ProducerPage.Write(live), log.Count);
                    break;
            }

            var again = new ProducerTable(6);
            var (stored, aborted) = (new List<ProducerState>(), new List<AbortedSpan>());
            Assert.All(pages, page => Assert.True(ProducerPage.TryRead(page.Span, stored, aborted)));
            again.Restore(stored, aborted);
            Replay(again, log.Skip(from));
            Assert.True(Text(live) == Text(again), $"seed {seed}, step {step}: {Text(live)} live, {Text(again)} read again");
        }

        // From the beginning, what capacity has made the table forget is the same, too.
        var whole = new ProducerTable(6);
        Replay(whole, log);
        Assert.Equal(Text(live), Text(whole));
        Assert.True(live.Aborted.Count > 5, $"seed {seed}: transactions were aborted");
    }

    [Fact]
    public void Pages_hold_every_field_and_no_damaged_byte_of_their_structure_passes()
    {
        ProducerState[] states =
        [
            new(KeyedProducer.FirstId - 1, short.MinValue, new Timestamp(7), [new AppendedBatch(short.MinValue, int.MaxValue, 3, new Offset(9), new Timestamp(-1))], Offset.None, false),
            new(0, 2, Timestamp.None, [.. Enumerable.Range(1, 5).Select(i => new AppendedBatch(2, i, 1, new Offset(10 + i), new Timestamp(i)))], Offset.None, false),
        ];
        AssertPages(states, []);
        AssertPages([states[1] with { TransactionStart = new Offset(11), HasEnded = true }, states[0] with { Batches = [] }], []);
        AssertPages(states, [new AbortedSpan(7, new Offset(1), new Offset(5), new Offset(2)), new AbortedSpan(8, new Offset(2), new Offset(6), new Offset(7))]);
        Assert.False(ProducerPage.TryRead([4], [], []));
        Assert.False(ProducerPage.TryRead([], [], []));
        var table = new ProducerTable(10_000);
        table.Restore(Enumerable.Range(0, 10_000).Select(i => states[1] with { Producer = i }), []);
        var many = ProducerPage.Write(table);
        Assert.InRange(many.Count, 10, 30);
        var read = new List<ProducerState>();
        Assert.All(many, one => Assert.True(ProducerPage.TryRead(one.Span, read, [])));
        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => (long)i), read.Select(state => state.Producer));
    }

    [Fact]
    public void The_bytes_of_each_layout_are_permanent()
    {
        var plain = new ProducerState(7, 1, new Timestamp(2), [new AppendedBatch(1, 3, 4, new Offset(5), new Timestamp(6))], Offset.None, false);
        Assert.Equal(
            "01 0000000000000007 0000000000000002 0001 01 00000003 00000004 0000000000000005 0000000000000006", Hex(plain));
        Assert.Equal(
            "02 0000000000000007 0000000000000002 0001 01 01 0000000000000005 00000003 00000004 0000000000000005 0000000000000006",
            Hex(plain with { TransactionStart = new Offset(5), HasEnded = true }));
        Assert.Equal(
            "03 0000000000000001 0000000000000002 0000000000000003 0000000000000004",
            Hex(null, new AbortedSpan(1, new Offset(2), new Offset(3), new Offset(4))));
    }

    private static string Hex(ProducerState? state, params AbortedSpan[] aborted)
    {
        var table = new ProducerTable(10);
        table.Restore(state is null ? [] : [state], aborted);
        var hex = Convert.ToHexStringLower(Assert.Single(ProducerPage.Write(table)).Span);
        int[] fields = hex.StartsWith("03", StringComparison.Ordinal) ? [1, 8, 8, 8, 8] : hex.StartsWith("02", StringComparison.Ordinal)
            ? [1, 8, 8, 2, 1, 1, 8, 4, 4, 8, 8] : [1, 8, 8, 2, 1, 4, 4, 8, 8];
        var at = 0;
        return string.Join(' ', fields.Select(field => hex[(at * 2)..((at += field) * 2)]));
    }

    private static void AssertPages(ProducerState[] states, AbortedSpan[] aborted)
    {
        var table = new ProducerTable(10_000);
        table.Restore(states, aborted);
        var pages = ProducerPage.Write(table);
        var (read, ended) = (new List<ProducerState>(), new List<AbortedSpan>());
        Assert.All(pages, page => Assert.True(ProducerPage.TryRead(page.Span, read, ended)));
        Assert.Equal(states.Select(Text), read.Select(Text));
        Assert.Equal(aborted, ended);
        foreach (var page in pages)
        {
            for (var length = 0; length < page.Length; length++)
            {
                var (partial, spans) = (new List<ProducerState>(), new List<AbortedSpan>());
                Assert.True(!ProducerPage.TryRead(page.Span[..length], partial, spans) || partial.Count + spans.Count < 2);
            }
        }
    }

    private static void Replay(ProducerTable table, IEnumerable<Entry> log)
    {
        foreach (var (batch, marker, last) in log)
        {
            if (batch is { } produced)
            {
                table.Replay(produced, last, Timestamp.None);
            }
            else
            {
                table.Replay(marker!.Value, last, Timestamp.None);
            }
        }
    }

    /// <summary>A batch or a marker in the log.</summary>
    private readonly record struct Entry(ProducedBatch? Batch, EndMarker? Marker, Offset Last);

    private static ProducedBatch Of(int first, int records, short epoch = 0, long producer = 1) => new(producer, epoch, first, records, Timestamp.None);

    /// <summary>A batch that mostly continues, and sometimes repeats, skips, or belongs to a new or an old epoch.</summary>
    private static ProducedBatch Next(ProducerTable table, Random random)
    {
        var producer = random.Next(9);
        var (epoch, first) = ((short)0, 0);
        if (table.TryGet(producer, out var state))
        {
            epoch = state.Epoch;
            first = state.Batches is [.., var last] ? (int)((last.LastSequence + 1L) & int.MaxValue) : 0;
        }

        return random.Next(2) == 0 ? Of(first, 1 + random.Next(2), epoch, producer) with { IsTransactional = true } : random.Next(8) switch
        {
            0 => Of(0, 1 + random.Next(3), (short)(epoch + 1), producer),
            1 => Of(Math.Max(0, first - 1), 1, epoch, producer),
            2 => Of(int.MaxValue, 2, epoch, producer),
            _ => Of(first, 1 + random.Next(3), epoch, producer),
        };
    }

    private static string Text(ProducerTable table) =>
        $"{string.Join(' ', table.Producers.Select(Text))} open from {table.FirstOpen} aborted {string.Join(' ', table.Aborted.Spans)}";

    private static string Text(ProducerState state) => string.Create(
        CultureInfo.InvariantCulture, $"{state.Producer}/{state.Epoch}@{state.LastAppend.Milliseconds} {state.TransactionStart} {state.HasEnded}:{string.Join(',', state.Batches.Select(batch => batch.ToString()))}");

    private void Append(in ProducedBatch batch)
    {
        _end += batch.Offsets;
        _table.Append(batch, _end + -1, Timestamp.None);
    }

    private string Judge(in ProducedBatch batch) => _table.Check(batch, [], null, out var original) switch
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
