using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Producers;

/// <summary>What a partition remembers of a producer.</summary>
/// <param name="Producer">The producer's id.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="LastAppend">When it appended last, by a broker's clock.</param>
/// <param name="Batches">Its last batches of that epoch, the oldest first; at most <see cref="ProducerTable.Window"/>.</param>
/// <param name="TransactionStart">The offset of the first record of its open transaction; <see cref="Offset.None"/> if none is open.</param>
/// <param name="HasEnded">Whether a transaction of it has ended here.</param>
public sealed record ProducerState(
    long Producer, short Epoch, Timestamp LastAppend, AppendedBatch[] Batches, Offset TransactionStart, bool HasEnded)
{
    /// <summary>Whether a transaction of it is open.</summary>
    public bool IsOpen => TransactionStart != Offset.None;
}

/// <summary>What a producer has put into the log.</summary>
internal enum ChangeKind : byte
{
    Plain,
    Transactional,
    Commit,
    Abort,
}

/// <summary>A batch or a marker of a producer; of a marker, only epoch and offset of the batch count.</summary>
internal readonly record struct ProducerChange(ChangeKind Kind, AppendedBatch Batch, Timestamp Time)
{
    public bool IsMarker => Kind is ChangeKind.Commit or ChangeKind.Abort;
}

/// <summary>Where a producer stands after its last batch or marker.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="LastSequence">The sequence of its last record in that epoch; −1 if there is none.</param>
/// <param name="OpenFrom">The offset of the first record of its open transaction; <see cref="Offset.None"/> if none is open.</param>
/// <param name="HasEnded">Whether a transaction of it has ended.</param>
/// <param name="IsKnown">Whether anything of it is in the log.</param>
internal readonly record struct ProducerHead(short Epoch, int LastSequence, Offset OpenFrom, bool HasEnded, bool IsKnown)
{
    public static readonly ProducerHead None = new(-1, -1, Offset.None, false, false);

    public bool IsOpen => OpenFrom != Offset.None;

    /// <summary>The sequence with which the next batch must begin.</summary>
    public int NextSequence(short epoch) => epoch > Epoch || LastSequence < 0 ? 0 : Sequences.Add(LastSequence, 1);

    public ProducerHead After(in ProducedBatch batch, Offset baseOffset) => new(
        batch.Epoch, batch.LastSequence, batch.IsTransactional && !IsOpen ? baseOffset : OpenFrom, HasEnded, true);

    public ProducerHead After(in ProducerChange change) => change.IsMarker
        ? new(change.Batch.Epoch, change.Batch.Epoch == Epoch ? LastSequence : -1, Offset.None, true, true)
        : new(
            change.Batch.Epoch, change.Batch.LastSequence,
            change.Kind == ChangeKind.Transactional && !IsOpen ? change.Batch.BaseOffset : OpenFrom, HasEnded, true);
}

/// <summary>One producer of a <see cref="ProducerTable"/>.</summary>
internal sealed class ProducerEntry
{
    public ProducerEntry(long producer)
    {
        Producer = producer;
        Place = new LinkedListNode<ProducerEntry>(this);
    }

    public ProducerEntry(ProducerState state)
        : this(state.Producer)
    {
        LastAppend = state.LastAppend;
        Durable.AddRange(state.Batches);
        Settled = new ProducerHead(
            state.Epoch, state.Batches is [.., var last] ? last.LastSequence : -1, state.TransactionStart, state.HasEnded, IsKnown: true);
        Head = Settled;
    }

    public long Producer { get; }

    public LinkedListNode<ProducerEntry> Place { get; }

    /// <summary>Whether it stands for a client's key.</summary>
    public bool IsKeyed => KeyedProducer.Owns(Producer);

    public Timestamp LastAppend { get; private set; }

    /// <summary>The last durable batches, all of one epoch, the oldest first.</summary>
    public List<AppendedBatch> Durable { get; } = new(1);

    /// <summary>What is not durable yet, the oldest first.</summary>
    public List<ProducerChange> Pending { get; } = [];

    /// <summary>Where the producer stands by what is durable.</summary>
    public ProducerHead Settled { get; private set; } = ProducerHead.None;

    /// <summary>Where it stands by what was appended.</summary>
    public ProducerHead Head { get; private set; } = ProducerHead.None;

    /// <summary>The number of its open transaction, in its coordinator's count; 0 if that is not known.</summary>
    public long Number { get; set; }

    /// <summary>The number of the last transaction that was ended here; 0 if that is not known.</summary>
    public long EndedNumber { get; set; }

    /// <summary>The last batch of a keyed producer, which has one append.</summary>
    public AppendedBatch LastBatch => Pending.Count > 0 ? Pending[^1].Batch : Durable[^1];

    /// <summary>The offset after the last change that is not durable; zero if all are.</summary>
    public Offset PendingNext => Pending.Count == 0 ? Offset.Zero : Pending[^1].Batch.LastOffset + 1;

    public ProducerState State => new(Producer, Settled.Epoch, LastAppend, [.. Durable], Settled.OpenFrom, Settled.HasEnded);

    public void Append(in ProducerChange change)
    {
        Pending.Add(change);
        Head = Head.After(change);
    }

    public void Settle(in ProducerChange change)
    {
        LastAppend = change.Time;
        if (Settled.Epoch != change.Batch.Epoch)
        {
            Durable.Clear();
        }

        Settled = Settled.After(change);
        if (change.IsMarker)
        {
            return;
        }

        if (Durable.Count == ProducerTable.Window)
        {
            Durable.RemoveAt(0);
        }

        Durable.Add(change.Batch);
    }

    /// <summary>Finds again where it stands, once something pending has failed.</summary>
    public void Reset()
    {
        (Head, Number, EndedNumber) = (Settled, 0, 0);
        foreach (var change in Pending)
        {
            Head = Head.After(change);
        }
    }

    /// <summary>Forgets what is durable, of a producer without an open transaction.</summary>
    public void Forget()
    {
        Durable.Clear();
        Settled = ProducerHead.None;
        Reset();
    }

    /// <summary>The batch among the last ones of the newest epoch that a batch repeats.</summary>
    public AppendedBatch? Find(in ProducedBatch batch)
    {
        var left = ProducerTable.Window;
        for (var i = Pending.Count - 1; i >= 0; i--)
        {
            if (Pending[i].Batch.Epoch != Head.Epoch)
            {
                return null;
            }

            if (!Pending[i].IsMarker && Pending[i].Batch.IsSame(batch))
            {
                return Pending[i].Batch;
            }

            left -= Pending[i].IsMarker ? 0 : 1;
            if (left == 0)
            {
                return null;
            }
        }

        for (var i = Durable.Count - 1; i >= 0 && left > 0 && Durable[i].Epoch == Head.Epoch; i--, left--)
        {
            if (Durable[i].IsSame(batch))
            {
                return Durable[i];
            }
        }

        return null;
    }
}
