using System.Runtime.CompilerServices;
using Loire.Model;

namespace Loire.Edge.Producing;

/// <summary>
/// The pending records of one partition, in order: <c>open batch → ready batches → an append in flight</c>. Records that accumulate during
/// an append form the next one. There are at most <see cref="ProducePolicy.MaxInFlight"/> senders, each with one append; a sender ends when
/// it finds nothing to send, and a caller that adds a record restarts it. Thread-safe.
/// </summary>
/// <param name="delivery">Sends the batches.</param>
/// <param name="owner">The topic that the partition belongs to.</param>
/// <param name="partition">The partition's number.</param>
public sealed class PartitionAccumulator(BatchDelivery delivery, IAccumulatorOwner owner, int partition)
{
    private readonly Lock _lock = new();
    private readonly Queue<PendingBatch> _ready = new();
    private readonly List<PendingBatch> _underWay = [];
    private readonly ProducePolicy _policy = delivery.Policy;
    private PendingBatch? _open;
    private int _openLimit;
    private bool _isOpenDue;
    private List<PendingBatch>? _spareGroup;
    private PendingBatch? _lingering;
    private ITimer? _lingerTimer;
    private long _queuedBytes;
    private int _senders;
    private bool _isClosed;

    /// <summary>The topic that the partition belongs to.</summary>
    public IAccumulatorOwner Owner => owner;

    /// <summary>The partition's number.</summary>
    public int Partition => partition;

    /// <summary>Sends the batches.</summary>
    public BatchDelivery Delivery => delivery;

    /// <summary>How the batches are stamped; null without idempotence. Only the sender uses it.</summary>
    internal PartitionSequence? Sequence { get; } = SequenceOf(delivery.Policy);

    /// <summary>The total <see cref="PendingBatch.ReservedBytes"/> of the batches that have not ended.</summary>
    public long QueuedBytes => Volatile.Read(ref _queuedBytes);

    /// <summary>Adds a record.</summary>
    /// <param name="record">The record; it must fit into a batch.</param>
    /// <param name="isAwaited">Whether a caller awaits the outcome.</param>
    /// <param name="place">The record's batch and its index there.</param>
    /// <returns>False if the accumulator is closed.</returns>
    public bool TryAdd(in ProducerRecord record, bool isAwaited, out RecordPlace place)
    {
        var bytes = record.ReservedBytes;
        bool isBatchClosed, isSenderNeeded;
        lock (_lock)
        {
            if (_isClosed)
            {
                place = default;
                return false;
            }

            isBatchClosed = _open is not null && _open.SizeInBytes + bytes > _openLimit && TryCloseOpen();
            if (_open is null)
            {
                _openLimit = Math.Min(_policy.BatchBytes, owner.Routes.MaxMessageBytes);
                _open = owner.OpenBatch(this, delivery.RentBuilder());
            }

            place = _open.Add(record, bytes, isAwaited);
            _queuedBytes += bytes;
            isBatchClosed |= _open.SizeInBytes >= _openLimit && TryCloseOpen();
            isSenderNeeded = TryCountSender();
        }

        Continue(isBatchClosed, isSenderNeeded);
        return true;
    }

    /// <summary>Adds batches encoded by a client.</summary>
    /// <returns>False if the accumulator is closed.</returns>
    public bool TryAdd(PendingBatch encoded)
    {
        bool isBatchClosed, isSenderNeeded;
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            isBatchClosed = TryCloseOpen();
            _ready.Enqueue(encoded);
            _queuedBytes += encoded.ReservedBytes;
            isSenderNeeded = TryCountSender();
        }

        Continue(isBatchClosed, isSenderNeeded);
        return true;
    }

    /// <summary>
    /// Sends the pending records without lingering: immediately if no append is in flight, otherwise with the next one.
    /// </summary>
    /// <param name="unfinished">If not null, receives every batch whose outcome is not known yet.</param>
    /// <param name="close">Whether to close the accumulator to further records.</param>
    public void Hurry(List<PendingBatch>? unfinished = null, bool close = false)
    {
        bool isSenderNeeded;
        lock (_lock)
        {
            _isClosed |= close;
            _isOpenDue = _open is not null;
            if (unfinished is not null)
            {
                unfinished.AddRange(_underWay);
                unfinished.AddRange(_ready);
                if (_open is not null)
                {
                    unfinished.Add(_open);
                }
            }

            isSenderNeeded = TryCountSender();
            if (close)
            {
                _lingerTimer?.Dispose();
            }
        }

        Continue(isBatchClosed: false, isSenderNeeded);
    }

    /// <summary>Closes the accumulator and fails the batches that are not in flight yet.</summary>
    public void Abandon(AppendFailure failure)
    {
        PendingBatch[] abandoned;
        lock (_lock)
        {
            _isClosed = true;
            TryCloseOpen();
            abandoned = [.. _ready];
            _ready.Clear();
        }

        foreach (var batch in abandoned)
        {
            batch.Fail(failure);
        }
    }

    /// <summary>Called when a batch is about to end.</summary>
    internal void Settle(PendingBatch batch)
    {
        lock (_lock)
        {
            _underWay.Remove(batch);
            _queuedBytes -= batch.ReservedBytes;
        }
    }

    private static PartitionSequence? SequenceOf(ProducePolicy policy)
    {
        Invariant.Check(!policy.IsIdempotent || policy.MaxInFlight == 1, "an append of an idempotent producer is stamped once the one before has ended");
        return policy.IsIdempotent ? new PartitionSequence() : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Continue(bool isBatchClosed, bool isSenderNeeded)
    {
        if (isBatchClosed)
        {
            owner.OnBatchClosed(partition);
        }

        if (isSenderNeeded)
        {
            delivery.Start(static accumulator => accumulator.SendAsync(), this);
        }
    }

    private async Task SendAsync()
    {
        var group = Interlocked.Exchange(ref _spareGroup, null) ?? [];
        while (TryTake(group))
        {
            await delivery.DeliverAsync(this, group);
            if (_policy.StopsAtFailure && group[^1].Failure is { } failure)
            {
                Abandon(failure);
            }

            group.Clear();
        }

        _spareGroup = group;
    }

    /// <summary>Takes the batches of the next append; if there are none, the sender counts as ended.</summary>
    private bool TryTake(List<PendingBatch> group)
    {
        var isBatchClosed = false;
        lock (_lock)
        {
            if (_senders == 1 && (long)_ready.Count * _policy.BatchBytes < _policy.AppendBytes && IsDue())
            {
                isBatchClosed = TryCloseOpen();
            }

            long bytes = 0;
            while (_ready.TryPeek(out var next)
                && (group.Count == 0 || (bytes + next.SizeInBytes <= _policy.AppendBytes && group.Count < Limits.BatchesPerAppend)))
            {
                bytes += next.SizeInBytes;
                group.Add(_ready.Dequeue());
            }

            _underWay.AddRange(group);
            if (group.Count == 0)
            {
                _senders--;
            }
        }

        Continue(isBatchClosed, isSenderNeeded: false);
        return group.Count > 0;
    }

    // The methods below are called under the lock.
    private bool TryCloseOpen()
    {
        if (_open is null)
        {
            return false;
        }

        _ready.Enqueue(_open);
        _open = null;
        _isOpenDue = false;
        return true;
    }

    // A second concurrent append carries only full batches; otherwise no batch would ever fill.
    private bool TryCountSender()
    {
        if (_senders >= _policy.MaxInFlight || (_ready.Count == 0 && (_senders > 0 || !IsDue())))
        {
            return false;
        }

        _senders++;
        return true;
    }

    private bool IsDue()
    {
        if (_open is null || _isOpenDue || _policy.Linger == TimeSpan.Zero)
        {
            return _open is not null;
        }

        if (_policy.Linger == Timeout.InfiniteTimeSpan || _lingering == _open)
        {
            return false;
        }

        var left = _policy.Linger - delivery.Time.GetElapsedTime(_open.OpenedAt);
        if (left <= TimeSpan.Zero)
        {
            return true;
        }

        _lingering = _open;
        _lingerTimer ??= delivery.Time.CreateTimer(
            static state => ((PartitionAccumulator)state!).OnLingered(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _lingerTimer.Change(left, Timeout.InfiniteTimeSpan);
        return false;
    }

    private void OnLingered()
    {
        bool isSenderNeeded;
        lock (_lock)
        {
            _lingering = null;
            isSenderNeeded = TryCountSender();
        }

        Continue(isBatchClosed: false, isSenderNeeded);
    }
}
