using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Producers;

/// <summary>
/// What one partition remembers of idempotent producers (KIP-98): of each the epoch and the last <see cref="Window"/> batches, so that a retry is answered
/// with the offsets of the original and anything out of order is refused; and which transactions are open, and which were aborted. The log gives the state,
/// batch after batch, live and when it is read again.
/// <list type="bullet">
/// <item>A producer that is not known may begin with any epoch and sequence.</item>
/// <item>Otherwise an epoch never falls, a higher one begins at sequence 0, and each batch continues where the last one ended.</item>
/// <item>A transaction is open from its first batch, which needs the coordinator's word (<see cref="TransactionCheck"/>), to its marker. Until then the
/// producer writes nothing else, and its epoch does not rise but by the marker (KIP-890), after which sequences begin at 0.</item>
/// <item>What is not durable yet counts, and is forgotten if it fails.</item>
/// <item>A keyed producer (<see cref="KeyedProducer"/>) makes one append. Only its whole repetition is accepted, by the fingerprint, so that it does not matter
/// how it is cut into batches.</item>
/// <item>Beyond <see cref="Capacity"/> the producer without an open transaction goes that appended the longest time ago: by the order of the log, and not
/// by any clock. Keyed producers have a capacity of their own, of the same size, so that neither displaces the other.</item>
/// </list>
/// Not thread-safe.
/// </summary>
/// <param name="capacity">How many producers are remembered, and how many of them may have a transaction open; and how many keyed ones.</param>
public sealed class ProducerTable(int capacity)
{
    /// <summary>How many batches of a producer are remembered: as many as a client may have under way.</summary>
    public const int Window = 5;

    private readonly Dictionary<long, ProducerEntry> _producers = [];
    private readonly LinkedList<ProducerEntry> _byAppend = new();
    private readonly LinkedList<ProducerEntry> _keyedByAppend = new();
    private readonly SortedDictionary<Offset, ProducerEntry> _open = [];
    private readonly Queue<(ProducerEntry Producer, ProducerChange Change)> _pending = new();
    private readonly List<TransactionCheck> _checks = [];
    private int _opening;

    /// <summary>How many producers are remembered at most, and how many keyed ones.</summary>
    public int Capacity => capacity;

    /// <summary>How many producers are remembered, of what is durable.</summary>
    public int Count => _byAppend.Count + _keyedByAppend.Count;

    /// <summary>The producers as what is durable says: keyed ones and then the others, of both the one first that appended the longest time ago.</summary>
    public IEnumerable<ProducerState> Producers => _keyedByAppend.Concat(_byAppend).Select(entry => entry.State);

    /// <summary>The first offset of an open transaction, of what is durable; null if none is open.</summary>
    public Offset? FirstOpen => _open.Count == 0 ? null : _open.First().Key;

    /// <summary>The aborted transactions, of what is durable.</summary>
    public AbortedTransactions Aborted { get; } = new();

    /// <summary>Begins to ask a coordinator about a producer's transaction. <see cref="End"/> follows.</summary>
    public TransactionCheck BeginCheck(long producer, short epoch)
    {
        var check = new TransactionCheck(producer, epoch);
        _checks.Add(check);
        return check;
    }

    /// <summary>What was asked is not needed any more.</summary>
    public void End(TransactionCheck check) => _checks.Remove(check);

    /// <summary>Whether a producer's transaction is open in this epoch, so that its next batch needs no check.</summary>
    public bool IsOpen(long producer, short epoch) =>
        _producers.TryGetValue(producer, out var entry) && entry.Head is { IsOpen: true } head && head.Epoch == epoch;

    /// <summary>Whether a producer's open transaction is the one that begins at an offset, and has got no batch after the one that ends with a sequence.</summary>
    public bool IsOpen(long producer, short epoch, Offset from, int lastSequence) =>
        IsOpen(producer, epoch) && _producers[producer].Head is var head && head.OpenFrom == from && head.LastSequence == lastSequence;

    /// <summary>Judges an append of a keyed producer.</summary>
    /// <param name="batches">All its batches.</param>
    /// <returns><see cref="ErrorCode.None"/>; <see cref="ErrorCode.DuplicateResource"/> if the producer has appended something else;
    /// <see cref="ErrorCode.OutOfOrderSequenceNumber"/> if the batches are not one append of one producer.</returns>
    public SequenceVerdict JudgeKeyed(ReadOnlySpan<ProducedBatch> batches)
    {
        var verdict = new SequenceVerdict(ErrorCode.None, 0, Offset.None, Offset.None, Timestamp.None);
        var offsets = (long)batches[0].Offsets;
        for (var i = 1; i < batches.Length; i++)
        {
            offsets += batches[i].Offsets;
            if (!batches[i].Continues(batches[i - 1]))
            {
                return verdict with { Error = ErrorCode.OutOfOrderSequenceNumber };
            }
        }

        if (batches[0].IsTransactional)
        {
            return verdict with { Error = ErrorCode.InvalidTxnState };
        }

        if (!_producers.TryGetValue(batches[0].Producer, out var entry) || !entry.Head.IsKnown)
        {
            return verdict;
        }

        var (head, last) = (entry.Head, entry.LastBatch);
        return head.Epoch != batches[0].Epoch || head.LastSequence != batches[^1].LastSequence || last.LastOffset.Value + 1 < offsets
            ? verdict with { Error = ErrorCode.DuplicateResource }
            : new SequenceVerdict(ErrorCode.None, batches.Length, last.LastOffset + (1 - offsets), last.LastOffset + 1, last.MaxTimestamp);
    }

    /// <summary>Judges a batch that follows those that were appended so far.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="earlier">Batches of the same append that precede it and are new.</param>
    /// <param name="check">What the coordinator said of its transaction, if it was asked.</param>
    /// <param name="original">The batch that it repeats; null if it is new.</param>
    /// <returns><see cref="ErrorCode.None"/>; <see cref="ErrorCode.InvalidProducerEpoch"/> if the producer has a newer epoch;
    /// <see cref="ErrorCode.OutOfOrderSequenceNumber"/> if the batch neither continues the last one nor repeats one that is remembered;
    /// <see cref="ErrorCode.InvalidTxnState"/> if it is not part of the open transaction, or a transactional one without one;
    /// <see cref="ErrorCode.ThrottlingQuotaExceeded"/> if too many transactions are open, <see cref="ErrorCode.PolicyViolation"/> if the log has too many
    /// aborted ones.</returns>
    public ErrorCode Check(in ProducedBatch batch, ReadOnlySpan<ProducedBatch> earlier, TransactionCheck? check, out AppendedBatch? original)
    {
        original = null;
        if (batch.IsKeyed)
        {
            // Within an append that does not begin with it.
            return ErrorCode.OutOfOrderSequenceNumber;
        }

        var head = ProducerHead.None;
        if (_producers.TryGetValue(batch.Producer, out var entry))
        {
            head = entry.Head;
            original = earlier.IsEmpty ? entry.Find(batch) : null;
            if (original is not null)
            {
                return ErrorCode.None;
            }
        }

        for (var i = earlier.Length - 1; i >= 0; i--)
        {
            if (earlier[i].Producer == batch.Producer)
            {
                head = head.After(earlier[i], Offset.Zero);
                break;
            }
        }

        var error = batch.IsTransactional && !head.IsOpen ? CheckBegin(batch, check)
            : head.IsOpen && (!batch.IsTransactional || batch.Epoch > head.Epoch) ? ErrorCode.InvalidTxnState
            : ErrorCode.None;
        return batch.Epoch < head.Epoch && head.IsKnown ? ErrorCode.InvalidProducerEpoch
            : error != ErrorCode.None ? error
            : head.IsKnown && batch.FirstSequence != head.NextSequence(batch.Epoch) ? ErrorCode.OutOfOrderSequenceNumber
            : ErrorCode.None;
    }

    /// <summary>Adds a batch that was appended and is not durable yet.</summary>
    /// <param name="batch">The batch, which <see cref="Check"/> found new.</param>
    /// <param name="lastOffset">The offset of its last record; offsets grow from call to call.</param>
    /// <param name="now">The broker's time.</param>
    /// <param name="check">What the coordinator said of its transaction, if it was asked.</param>
    public void Append(in ProducedBatch batch, Offset lastOffset, Timestamp now, TransactionCheck? check = null)
    {
        var appended = new AppendedBatch(batch.Epoch, batch.LastSequence, batch.Offsets, lastOffset, batch.MaxTimestamp);
        var entry = EntryOf(batch.Producer);
        var begins = batch.IsTransactional && !entry.Head.IsOpen;
        Add(entry, new ProducerChange(batch.IsTransactional ? ChangeKind.Transactional : ChangeKind.Plain, appended, now));
        if (begins)
        {
            _opening++;
            entry.Number = check?.Number ?? 0;
        }
    }

    /// <summary>Judges a marker.</summary>
    public MarkerVerdict Judge(in MarkerToWrite marker)
    {
        if (!_producers.TryGetValue(marker.Marker.Producer, out var entry) || !entry.Head.IsKnown)
        {
            return new MarkerVerdict(MarkerStep.Append, Offset.Zero);
        }

        var (head, epoch) = (entry.Head, marker.Marker.Epoch);
        var hasEnded = marker.RaisesEpoch
            ? head.Epoch >= epoch
            : head.Epoch > epoch || entry.EndedNumber >= marker.Number || (head.IsOpen && entry.Number > marker.Number);
        return hasEnded ? new MarkerVerdict(MarkerStep.Confirm, entry.PendingNext)
            : !marker.RaisesEpoch && head.IsOpen && entry.Number == 0 ? new MarkerVerdict(MarkerStep.Ask, Offset.Zero)
            : new MarkerVerdict(MarkerStep.Append, Offset.Zero);
    }

    /// <summary>The coordinator has said which transaction of a producer is open.</summary>
    public void SetNumber(long producer, long number)
    {
        if (_producers.TryGetValue(producer, out var entry) && entry.Head.IsOpen && entry.Number == 0)
        {
            entry.Number = number;
        }
    }

    /// <summary>Adds a marker that was appended and is not durable yet.</summary>
    /// <param name="marker">The marker, which <see cref="Judge"/> wants appended.</param>
    /// <param name="offset">Its offset.</param>
    /// <param name="now">The broker's time.</param>
    public void Append(in MarkerToWrite marker, Offset offset, Timestamp now)
    {
        foreach (var check in _checks)
        {
            if (check.Producer == marker.Marker.Producer)
            {
                check.Meet(marker);
            }
        }

        var entry = EntryOf(marker.Marker.Producer);
        Add(entry, MarkerChange(marker.Marker, offset, now));
        (entry.Number, entry.EndedNumber) = (0, marker.RaisesEpoch ? 0 : marker.Number);
    }

    /// <summary>What was appended before an offset is durable on every copy.</summary>
    public void Advance(Offset end)
    {
        while (_pending.TryPeek(out var first) && first.Change.Batch.LastOffset < end)
        {
            _pending.Dequeue();
            first.Producer.Pending.RemoveAt(0);
            Settle(first.Producer, first.Change);
        }
    }

    /// <summary>Forgets what will never be durable: all from an offset on.</summary>
    public void Fail(Offset from)
    {
        var failed = _pending.Where(pending => pending.Change.Batch.LastOffset >= from).ToArray();
        var kept = _pending.Take(_pending.Count - failed.Length).ToArray();
        foreach (var producer in failed.Select(pending => pending.Producer).Distinct())
        {
            producer.Pending.RemoveAll(change => change.Batch.LastOffset >= from);
            _opening -= producer.Head.IsOpen ? 1 : 0;
            producer.Reset();
            _opening += producer.Head.IsOpen ? 1 : 0;
            if (producer.Pending.Count == 0 && producer.Place.List is null)
            {
                _producers.Remove(producer.Producer);
            }
        }

        _pending.Clear();
        Array.ForEach(kept, _pending.Enqueue);
    }

    /// <summary>Adds a batch that is in the log, as it is read again in order.</summary>
    public void Replay(in ProducedBatch batch, Offset lastOffset, Timestamp now)
    {
        Append(batch, lastOffset, now);
        Advance(lastOffset + 1);
    }

    /// <summary>Adds a marker that is in the log, as it is read again in order.</summary>
    public void Replay(in EndMarker marker, Offset offset, Timestamp now)
    {
        Add(EntryOf(marker.Producer), MarkerChange(marker, offset, now));
        Advance(offset + 1);
    }

    /// <summary>Whether a batch is the last durable one of a remembered producer, whose sequence compaction must keep.</summary>
    public bool IsLast(long producer, Offset lastOffset) =>
        _producers.TryGetValue(producer, out var entry) && entry.Durable is [.., var last] && last.LastOffset == lastOffset;

    /// <summary>Forgets the producers that have appended nothing since a time and have no transaction open.</summary>
    public void Expire(Timestamp since)
    {
        foreach (var entry in _byAppend.Concat(_keyedByAppend).Where(entry => entry.LastAppend < since && !entry.Settled.IsOpen).ToArray())
        {
            Forget(entry);
        }
    }

    /// <summary>Replaces everything by what was stored, in the order of <see cref="Producers"/> and <see cref="Aborted"/>.</summary>
    public void Restore(IEnumerable<ProducerState> producers, IEnumerable<AbortedSpan> aborted)
    {
        _producers.Clear();
        _byAppend.Clear();
        _keyedByAppend.Clear();
        _open.Clear();
        _pending.Clear();
        _opening = 0;
        Aborted.Clear();
        foreach (var span in aborted)
        {
            Aborted.Add(span);
        }

        foreach (var state in producers)
        {
            var entry = new ProducerEntry(state);
            _producers[state.Producer] = entry;
            if (state.IsOpen)
            {
                _open.Add(state.TransactionStart, entry);
                _opening++;
            }

            Renew(entry);
        }
    }

    /// <summary>The state of a producer; false if it is not known.</summary>
    public bool TryGet(long producer, [NotNullWhen(true)] out ProducerState? state)
    {
        state = _producers.TryGetValue(producer, out var entry) && entry.Place.List is not null ? entry.State : null;
        return state is not null;
    }

    private static ProducerChange MarkerChange(in EndMarker marker, Offset offset, Timestamp now) => new(
        marker.Commits ? ChangeKind.Commit : ChangeKind.Abort, new AppendedBatch(marker.Epoch, -1, 1, offset, Timestamp.None), now);

    private ErrorCode CheckBegin(in ProducedBatch batch, TransactionCheck? check) =>
        check is not { IsCancelled: false, Number: > 0 } known || known.Producer != batch.Producer || known.Epoch != batch.Epoch ? ErrorCode.InvalidTxnState
        : _opening >= capacity ? ErrorCode.ThrottlingQuotaExceeded
        : Aborted.Count >= Limits.AbortedTransactionsPerPartition ? ErrorCode.PolicyViolation
        : ErrorCode.None;

    private ProducerEntry EntryOf(long producer)
    {
        if (!_producers.TryGetValue(producer, out var entry))
        {
            _producers.Add(producer, entry = new ProducerEntry(producer));
        }

        return entry;
    }

    private void Add(ProducerEntry entry, in ProducerChange change)
    {
        _opening -= change.IsMarker && entry.Head.IsOpen ? 1 : 0;
        entry.Append(change);
        _pending.Enqueue((entry, change));
    }

    /// <summary>A change has become durable.</summary>
    private void Settle(ProducerEntry entry, in ProducerChange change)
    {
        var before = entry.Settled;
        entry.Settle(change);
        if (before.IsOpen && !entry.Settled.IsOpen)
        {
            _open.Remove(before.OpenFrom);
            if (change.Kind == ChangeKind.Abort)
            {
                var offset = change.Batch.LastOffset;
                Aborted.Add(new AbortedSpan(entry.Producer, before.OpenFrom, offset, FirstOpen ?? offset + 1));
            }
        }
        else if (!before.IsOpen && entry.Settled.IsOpen)
        {
            _open.Add(entry.Settled.OpenFrom, entry);
        }

        Renew(entry);
    }

    /// <summary>Makes a producer the one that appended last.</summary>
    private void Renew(ProducerEntry entry)
    {
        entry.Place.List?.Remove(entry.Place);
        var order = entry.IsKeyed ? _keyedByAppend : _byAppend;
        order.AddLast(entry.Place);
        for (var oldest = order.First; order.Count > capacity && oldest is not null; oldest = oldest.Next)
        {
            if (!oldest.Value.Settled.IsOpen)
            {
                Forget(oldest.Value);
                break;
            }
        }
    }

    /// <summary>Forgets what is durable of a producer.</summary>
    private void Forget(ProducerEntry entry)
    {
        entry.Place.List!.Remove(entry.Place);
        entry.Forget();
        if (entry.Pending.Count == 0)
        {
            _producers.Remove(entry.Producer);
        }
    }
}
