using System.Text;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>
/// The offsets of one group that count once their transactions commit. A producer has one transaction at a time. Of the offsets of one partition, the one that was
/// stored last counts, whether with a transaction or without one and whichever transaction ends first, as in Kafka.
/// </summary>
public sealed class PendingOffsets
{
    private const int BytesEach = 64;

    private readonly SortedDictionary<long, Pending> _producers = [];
    private readonly Dictionary<TopicPartition, Contest> _contests = [];
    private long _nextOrder;

    private sealed class Pending(OpenTransaction transaction)
    {
        public OpenTransaction Transaction => transaction;

        public SortedDictionary<TopicPartition, (CommittedOffset Offset, long Order)> Offsets { get; } = [];
    }

    /// <summary>A partition with pending offsets: of how many transactions, and the place of its committed offset; −1 if that is older than all.</summary>
    private sealed class Contest
    {
        public int Transactions { get; set; }

        public long CommittedOrder { get; set; } = -1;
    }

    /// <summary>The number of transactions.</summary>
    public int Count => _producers.Count;

    /// <summary>The approximate size in a snapshot, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>The partitions that have pending offsets, in no particular order.</summary>
    public IReadOnlyCollection<TopicPartition> Partitions => _contests.Keys;

    /// <summary>Whether a partition has a pending offset.</summary>
    public bool Contains(TopicPartition partition) => _contests.ContainsKey(partition);

    /// <summary>Finds the transaction of a producer.</summary>
    public bool TryGet(long producerId, out OpenTransaction transaction)
    {
        var found = _producers.TryGetValue(producerId, out var pending);
        transaction = found ? pending!.Transaction : default;
        return found;
    }

    /// <summary>The number of offsets of a producer's transaction.</summary>
    public int CountOf(long producerId) => _producers.TryGetValue(producerId, out var pending) ? pending.Offsets.Count : 0;

    /// <summary>How many bytes an offset takes more than the one of the same partition and producer that it replaces.</summary>
    public int MoreBytes(long producerId, CommittedOffset offset) => BytesOf(offset)
        - (_producers.TryGetValue(producerId, out var pending) && pending.Offsets.TryGetValue(offset.Partition, out var old) ? BytesOf(old.Offset) : 0);

    /// <summary>Whether a producer's transaction has an offset of a partition.</summary>
    public bool Contains(long producerId, TopicPartition partition) =>
        _producers.TryGetValue(producerId, out var pending) && pending.Offsets.ContainsKey(partition);

    /// <summary>The transactions of which nothing was stored since a time.</summary>
    public IEnumerable<OpenTransaction> StoredBefore(Timestamp time) => _producers.Values
        .Where(pending => pending.Offsets.Values.All(stored => stored.Offset.CommittedAt < time)).Select(pending => pending.Transaction);

    /// <summary>The offsets that become the committed ones with the end of a transaction, in order of the partitions.</summary>
    public List<CommittedOffset> Committed(TransactionEnd end) =>
        _producers.TryGetValue(end.Producer.Id, out var pending) && end.CommitsOffsetsOf(pending.Transaction)
            ? [.. pending.Offsets.Values.Where(stored => !IsOvertaken(stored.Offset, stored.Order)).Select(stored => stored.Offset)]
            : [];

    /// <summary>All of them, in order of the producers' ids, and the place of the next.</summary>
    internal (IReadOnlyList<PendingTransaction> Transactions, long NextOrder) Snapshot() =>
    (
        [
            .. _producers.Values.Select(pending => new PendingTransaction(
                pending.Transaction,
                [.. pending.Offsets.Values.Select(one => new PendingOffset(one.Offset, one.Order, IsOvertaken(one.Offset, one.Order)))])),
        ],
        _nextOrder);

    internal void Restore(IReadOnlyList<PendingTransaction> transactions, long nextOrder)
    {
        foreach (var transaction in transactions)
        {
            var pending = Enlist(transaction.Transaction);
            foreach (var one in transaction.Offsets)
            {
                Add(pending, one.Offset, one.Order);
                var contest = _contests[one.Offset.Partition];
                contest.CommittedOrder = one.IsOvertaken ? Math.Max(contest.CommittedOrder, one.Order) : contest.CommittedOrder;
            }
        }

        _nextOrder = nextOrder;
    }

    internal void Store(OpenTransaction transaction, IReadOnlyList<CommittedOffset> offsets)
    {
        var pending = Enlist(transaction);
        foreach (var offset in offsets)
        {
            Add(pending, offset, _nextOrder++);
        }
    }

    /// <summary>Ends a transaction, after <see cref="Committed"/>.</summary>
    internal void End(TransactionEnd end)
    {
        if (!_producers.TryGetValue(end.Producer.Id, out var pending) || !end.Ends(pending.Transaction))
        {
            return;
        }

        var commits = end.CommitsOffsetsOf(pending.Transaction);
        foreach (var (offset, order) in pending.Offsets.Values)
        {
            Bytes -= BytesOf(offset);
            var contest = _contests[offset.Partition];
            contest.CommittedOrder = commits ? Math.Max(contest.CommittedOrder, order) : contest.CommittedOrder;
            if (--contest.Transactions == 0)
            {
                _contests.Remove(offset.Partition);
            }
        }

        _producers.Remove(end.Producer.Id);
        Bytes -= BytesOf(pending.Transaction);

        // A group without any forgets the order, so that its snapshot is that of a group that never had one.
        _nextOrder = Count == 0 ? 0 : _nextOrder;
        Invariant.Check(Bytes >= 0 && (Count > 0 || (Bytes == 0 && _contests.Count == 0)), "no pending offsets take no bytes");
    }

    /// <summary>An offset was committed without a transaction.</summary>
    internal void Overtake(TopicPartition partition)
    {
        if (_contests.TryGetValue(partition, out var contest))
        {
            contest.CommittedOrder = _nextOrder++;
        }
    }

    /// <summary>A partition has no committed offset any more.</summary>
    internal void Vacate(TopicPartition partition)
    {
        if (_contests.TryGetValue(partition, out var contest))
        {
            contest.CommittedOrder = -1;
        }
    }

    /// <summary>The approximate size of a transaction without its offsets, in bytes.</summary>
    internal static int BytesOf(OpenTransaction transaction) => BytesEach + Encoding.UTF8.GetByteCount(transaction.Id.Value);

    // Not less than the committed offset takes which it may become.
    private static int BytesOf(CommittedOffset offset) => 9 + OffsetsState.BytesOf(offset);

    private bool IsOvertaken(CommittedOffset offset, long order) => order <= _contests[offset.Partition].CommittedOrder;

    private Pending Enlist(OpenTransaction transaction)
    {
        if (!_producers.TryGetValue(transaction.Producer.Id, out var pending))
        {
            _producers.Add(transaction.Producer.Id, pending = new Pending(transaction));
            Bytes += BytesOf(transaction);
        }

        Invariant.Check(pending.Transaction == transaction, "a producer has one transaction at a time");
        return pending;
    }

    private void Add(Pending pending, CommittedOffset offset, long order)
    {
        if (pending.Offsets.TryGetValue(offset.Partition, out var old))
        {
            Bytes -= BytesOf(old.Offset);
        }
        else
        {
            if (!_contests.TryGetValue(offset.Partition, out var contest))
            {
                _contests.Add(offset.Partition, contest = new Contest());
            }

            contest.Transactions++;
        }

        pending.Offsets[offset.Partition] = (offset, order);
        Bytes += BytesOf(offset);
    }
}
