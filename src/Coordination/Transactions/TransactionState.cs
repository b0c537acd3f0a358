using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Transactions;

/// <summary>
/// One transactional id: its producer and its open or last transaction, built from its records. Requests are judged by <see cref="TransactionRules"/>,
/// whose head comment has the table of all states and requests.
/// <code>
///            Initialized            Begun                Prepared                              Completed
///   (none) ─────────────▶ Empty ─────────────▶ Ongoing ───────────▶ PrepareCommit/-Abort ─────────────▶ CompleteCommit/-Abort
///                          ▲  ▲                   ▲                                                        │        │
///                          │  └───────────────────┼────────── Initialized ────────────────────────────────┘        │
///                          │                      └─────────────── Begun ──────────────────────────────────────────┘
///                          └── from Empty too; and Prepared with Completed, from Empty and Complete, where nothing was begun
/// </code>
/// </summary>
public sealed class TransactionState
{
    private readonly HashSet<PartitionKey> _partitions = [];
    private readonly HashSet<GroupId> _groups = [];

    /// <summary>Whether the id is in use.</summary>
    public bool Exists => Producer != ProducerIdentity.None;

    /// <summary>How far the transaction is.</summary>
    public TransactionStatus Status { get; private set; }

    /// <summary>Whether the outcome is decided, and not all partitions and groups know it.</summary>
    public bool IsEnding => Status is TransactionStatus.PrepareCommit or TransactionStatus.PrepareAbort;

    /// <summary>The producer and its present epoch; <see cref="ProducerIdentity.None"/> for an id that is not in use.</summary>
    public ProducerIdentity Producer { get; private set; } = ProducerIdentity.None;

    /// <summary>
    /// The identity that the same producer had before the present one, which it still uses if it has missed the answer;
    /// <see cref="ProducerIdentity.None"/> if another producer had it.
    /// </summary>
    public ProducerIdentity Previous { get; private set; } = ProducerIdentity.None;

    /// <summary>The identity that the marker of the last transaction has; <see cref="ProducerIdentity.None"/> if none has ended.</summary>
    public ProducerIdentity Marker { get; private set; } = ProducerIdentity.None;

    /// <summary>Whether the end of the last transaction raised the epoch.</summary>
    public bool RaisesEpoch { get; private set; }

    /// <summary>Whether the coordinator aborted the last transaction, not its producer.</summary>
    public bool IsForced { get; private set; }

    /// <summary>How long a transaction may stay open.</summary>
    public TimeSpan Timeout { get; private set; }

    /// <summary>The number of the open or last transaction; 0 before the first.</summary>
    public long Number { get; private set; }

    /// <summary>When the open or last transaction began; <see cref="Timestamp.None"/> if the present producer has had none.</summary>
    public Timestamp StartedAt { get; private set; } = Timestamp.None;

    /// <summary>When the id was last used; partitions that are added to an open transaction do not count.</summary>
    public Timestamp ChangedAt { get; private set; } = Timestamp.None;

    /// <summary>Whether the last transaction committed, or is to.</summary>
    public bool Commits => Status is TransactionStatus.PrepareCommit or TransactionStatus.CompleteCommit;

    /// <summary>The partitions of a transaction that is not complete.</summary>
    public IReadOnlySet<PartitionKey> Partitions => _partitions;

    /// <summary>The groups of a transaction that is not complete.</summary>
    public IReadOnlySet<GroupId> Groups => _groups;

    /// <summary>When the open transaction is over its time; null if none is open.</summary>
    public Timestamp? TimesOutAt =>
        Status == TransactionStatus.Ongoing ? new Timestamp(StartedAt.Milliseconds + (long)Timeout.TotalMilliseconds) : null;

    /// <summary>Applies one record, live or replayed.</summary>
    public void Apply(TransactionRecord record)
    {
        switch (record)
        {
            case TransactionRecord.Initialized initialized:
                Invariant.Check(Status != TransactionStatus.Ongoing && !IsEnding, "a producer begins when nothing is open");
                (Status, Producer, Previous) = (TransactionStatus.Empty, initialized.Producer, initialized.Previous);
                (Timeout, StartedAt, ChangedAt) = (initialized.Timeout, Timestamp.None, initialized.At);
                break;
            case TransactionRecord.Begun begun:
                Invariant.Check(Exists && Status != TransactionStatus.Ongoing && !IsEnding, "a transaction begins when none is open");
                (Status, StartedAt, ChangedAt) = (TransactionStatus.Ongoing, begun.At, begun.At);
                Number++;
                break;
            case TransactionRecord.Added added:
                Invariant.Check(Status == TransactionStatus.Ongoing, "only an open transaction grows");
                _partitions.UnionWith(added.Partitions);
                _groups.UnionWith(added.Groups);
                break;
            case TransactionRecord.Prepared prepared:
                Prepare(prepared);
                break;
            case TransactionRecord.Completed completed:
                Invariant.Check(IsEnding, "what completes was decided");
                Status = Commits ? TransactionStatus.CompleteCommit : TransactionStatus.CompleteAbort;
                ChangedAt = completed.At;
                _partitions.Clear();
                _groups.Clear();
                break;
            case TransactionRecord.Snapshot snapshot:
                Invariant.Check(!Exists, "a snapshot comes first");
                (Status, Producer, Previous, Marker) = (snapshot.Status, snapshot.Producer, snapshot.Previous, snapshot.Marker);
                (RaisesEpoch, IsForced, Timeout, Number) = (snapshot.RaisesEpoch, snapshot.IsForced, snapshot.Timeout, snapshot.Number);
                (StartedAt, ChangedAt) = (snapshot.StartedAt, snapshot.ChangedAt);
                _partitions.UnionWith(snapshot.Partitions);
                _groups.UnionWith(snapshot.Groups);
                break;
        }

        Invariant.Check((_partitions.Count == 0 && _groups.Count == 0) || Status == TransactionStatus.Ongoing || IsEnding, "only what is not complete has members");
        Invariant.Check(Status == TransactionStatus.Empty || StartedAt != Timestamp.None || IsForced || RaisesEpoch, "what has ended had begun");
    }

    /// <summary>The whole state as one record.</summary>
    public TransactionRecord Snapshot() => new TransactionRecord.Snapshot(
        Status, Producer, Previous, Marker, RaisesEpoch, IsForced, Timeout, Number, StartedAt, ChangedAt, [.. _partitions], [.. _groups]);

    private void Prepare(TransactionRecord.Prepared prepared)
    {
        Invariant.Check(Exists && !IsEnding, "an outcome is decided once");
        Status = prepared.Commits ? TransactionStatus.PrepareCommit : TransactionStatus.PrepareAbort;
        (RaisesEpoch, IsForced, ChangedAt) = (prepared.RaisesEpoch, prepared.IsForced, prepared.At);
        Marker = prepared.RaisesEpoch ? Producer with { Epoch = (short)(Producer.Epoch + 1) } : Producer;
        if (prepared.RaisesEpoch)
        {
            Previous = Producer;
        }

        Producer = prepared.Next;
        Invariant.Check(Producer == Marker || (Producer.Id != Marker.Id && Producer.Epoch == 0), "the marker fences the transaction's epoch");
    }
}
