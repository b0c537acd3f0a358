using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Coordination.Producers;

/// <summary>
/// What one partition remembers of idempotent producers (KIP-98): of each the epoch and the last <see cref="Window"/> batches, so that a retry is answered
/// with the offsets of the original and anything out of order is refused. The log gives the state, batch after batch, live and when it is read again.
/// <list type="bullet">
/// <item>A producer that is not known may begin with any epoch and sequence.</item>
/// <item>Otherwise an epoch never falls, a higher one begins at sequence 0, and each batch continues where the last one ended.</item>
/// <item>Batches that are not durable yet count, and are forgotten if they fail.</item>
/// <item>Beyond <see cref="Capacity"/> the producer goes that appended the longest time ago: by the order of the log, and not by any clock.</item>
/// </list>
/// Not thread-safe.
/// </summary>
/// <param name="capacity">How many producers are remembered.</param>
public sealed class ProducerTable(int capacity)
{
    /// <summary>How many batches of a producer are remembered: as many as a client may have under way.</summary>
    public const int Window = 5;

    private readonly Dictionary<long, Entry> _producers = [];
    private readonly LinkedList<Entry> _byAppend = new();
    private readonly Queue<(Entry Producer, AppendedBatch Batch, Timestamp Time)> _pending = new();

    /// <summary>How many producers are remembered at most.</summary>
    public int Capacity => capacity;

    /// <summary>How many producers are remembered, of what is durable.</summary>
    public int Count => _byAppend.Count;

    /// <summary>The producers as what is durable says, the one first that appended the longest time ago.</summary>
    public IEnumerable<ProducerState> Producers => _byAppend.Select(entry => entry.State);

    /// <summary>Judges a batch that follows those that were appended so far.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="earlier">Batches of the same append that precede it and are new.</param>
    /// <param name="original">The batch that it repeats; null if it is new.</param>
    /// <returns><see cref="ErrorCode.None"/>; <see cref="ErrorCode.InvalidProducerEpoch"/> if the producer has a newer epoch;
    /// <see cref="ErrorCode.OutOfOrderSequenceNumber"/> if the batch neither continues the last one nor repeats one that is remembered.</returns>
    public ErrorCode Check(in ProducedBatch batch, ReadOnlySpan<ProducedBatch> earlier, out AppendedBatch? original)
    {
        original = null;
        for (var i = earlier.Length - 1; i >= 0; i--)
        {
            if (earlier[i].Producer == batch.Producer)
            {
                return CheckNext(batch, earlier[i].Epoch, earlier[i].LastSequence);
            }
        }

        if (!_producers.TryGetValue(batch.Producer, out var entry) || entry.Last is not { } last)
        {
            return ErrorCode.None;
        }

        original = entry.Find(batch);
        return original is null ? CheckNext(batch, last.Epoch, last.LastSequence) : ErrorCode.None;
    }

    /// <summary>Adds a batch that was appended and is not durable yet.</summary>
    /// <param name="batch">The batch, which <see cref="Check"/> found new.</param>
    /// <param name="lastOffset">The offset of its last record; offsets grow from call to call.</param>
    /// <param name="now">The broker's time.</param>
    public void Append(in ProducedBatch batch, Offset lastOffset, Timestamp now)
    {
        if (!_producers.TryGetValue(batch.Producer, out var entry))
        {
            entry = new Entry(batch.Producer);
            _producers.Add(batch.Producer, entry);
        }

        var appended = new AppendedBatch(batch.Epoch, batch.LastSequence, batch.Offsets, lastOffset, batch.MaxTimestamp);
        entry.Pending.Add(appended);
        _pending.Enqueue((entry, appended, now));
    }

    /// <summary>What was appended before an offset is durable.</summary>
    public void Advance(Offset durableEnd)
    {
        while (_pending.TryPeek(out var first) && first.Batch.LastOffset < durableEnd)
        {
            _pending.Dequeue();
            first.Producer.Pending.RemoveAt(0);
            first.Producer.Add(first.Batch, first.Time);
            Renew(first.Producer);
        }
    }

    /// <summary>Forgets batches that will never be durable: all from an offset on.</summary>
    public void Fail(Offset from)
    {
        var kept = _pending.Where(pending => pending.Batch.LastOffset < from).ToArray();
        foreach (var (producer, batch, _) in _pending)
        {
            if (batch.LastOffset < from)
            {
                continue;
            }

            producer.Pending.Remove(batch);
            if (producer.Last is null)
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

    /// <summary>Whether a batch is the last durable one of a remembered producer, whose sequence compaction must keep.</summary>
    public bool IsLast(long producer, Offset lastOffset) =>
        _producers.TryGetValue(producer, out var entry) && entry.Durable is [.., var last] && last.LastOffset == lastOffset;

    /// <summary>Forgets the producers that have appended nothing since a time.</summary>
    public void Expire(Timestamp since)
    {
        foreach (var entry in _byAppend.Where(entry => entry.LastAppend < since).ToArray())
        {
            Forget(entry);
        }
    }

    /// <summary>Replaces everything by what was stored, in the order of <see cref="Producers"/>.</summary>
    public void Restore(IEnumerable<ProducerState> producers)
    {
        _producers.Clear();
        _byAppend.Clear();
        _pending.Clear();
        foreach (var state in producers)
        {
            var entry = new Entry(state.Producer);
            _producers[state.Producer] = entry;
            foreach (var batch in state.Batches)
            {
                entry.Add(batch, state.LastAppend);
            }

            Renew(entry);
        }
    }

    /// <summary>The state of a producer; false if it is not known.</summary>
    public bool TryGet(long producer, [NotNullWhen(true)] out ProducerState? state)
    {
        state = _producers.TryGetValue(producer, out var entry) && entry.Durable.Count > 0 ? entry.State : null;
        return state is not null;
    }

    private static ErrorCode CheckNext(in ProducedBatch batch, short epoch, int lastSequence) =>
        batch.Epoch < epoch ? ErrorCode.InvalidProducerEpoch
        : batch.FirstSequence == (batch.Epoch > epoch ? 0 : Sequences.Add(lastSequence, 1)) ? ErrorCode.None
        : ErrorCode.OutOfOrderSequenceNumber;

    /// <summary>Makes a producer the one that appended last.</summary>
    private void Renew(Entry entry)
    {
        if (entry.Place.List is not null)
        {
            _byAppend.Remove(entry.Place);
        }

        _byAppend.AddLast(entry.Place);
        if (_byAppend.Count > capacity)
        {
            Forget(_byAppend.First!.Value);
        }
    }

    /// <summary>Forgets what is durable of a producer.</summary>
    private void Forget(Entry entry)
    {
        _byAppend.Remove(entry.Place);
        entry.Durable.Clear();
        if (entry.Pending.Count == 0)
        {
            _producers.Remove(entry.Producer);
        }
    }

    private sealed class Entry
    {
        public Entry(long producer)
        {
            Producer = producer;
            Place = new LinkedListNode<Entry>(this);
        }

        public long Producer { get; }

        public LinkedListNode<Entry> Place { get; }

        public Timestamp LastAppend { get; private set; }

        /// <summary>The last durable batches, all of one epoch, the oldest first.</summary>
        public List<AppendedBatch> Durable { get; } = new(1);

        /// <summary>Batches that are not durable yet, the oldest first.</summary>
        public List<AppendedBatch> Pending { get; } = [];

        public AppendedBatch? Last => Pending.Count > 0 ? Pending[^1] : Durable.Count > 0 ? Durable[^1] : null;

        public ProducerState State => new(Producer, LastAppend, [.. Durable]);

        public void Add(in AppendedBatch batch, Timestamp time)
        {
            LastAppend = time;
            if (Durable.Count > 0 && Durable[^1].Epoch != batch.Epoch)
            {
                Durable.Clear();
            }

            if (Durable.Count == Window)
            {
                Durable.RemoveAt(0);
            }

            Durable.Add(batch);
        }

        /// <summary>The batch among the last ones of the newest epoch that a batch repeats.</summary>
        public AppendedBatch? Find(in ProducedBatch batch)
        {
            var epoch = Last!.Value.Epoch;
            for (var back = 0; back < Window && back < Pending.Count + Durable.Count; back++)
            {
                var known = back < Pending.Count ? Pending[Pending.Count - 1 - back] : Durable[Durable.Count - 1 - (back - Pending.Count)];
                if (known.Epoch != epoch)
                {
                    return null;
                }

                if (known.IsSame(batch))
                {
                    return known;
                }
            }

            return null;
        }
    }
}

/// <summary>What a partition remembers of a producer.</summary>
/// <param name="Producer">The producer's id.</param>
/// <param name="LastAppend">When it appended last, by a broker's clock.</param>
/// <param name="Batches">Its last batches, all of one epoch, the oldest first: at least one, at most <see cref="ProducerTable.Window"/>.</param>
public sealed record ProducerState(long Producer, Timestamp LastAppend, AppendedBatch[] Batches);
