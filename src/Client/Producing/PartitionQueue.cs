using Loire.Edge.Scheduling;
using Loire.Model;

namespace Loire.Client;

/// <summary>
/// The records on their way to one partition, in order: <c>open batch → ready batches → an append under way</c>. Whatever gathers while an
/// append is under way goes with the next one. There are at most <see cref="ProducerSettings.MaxInFlight"/> senders, each with one append;
/// a sender ends when it finds nothing to send, and who adds a record starts it again.
/// </summary>
internal sealed class PartitionQueue(Accumulator accumulator, ProducerTopic topic, int partition)
{
    private readonly Lock _lock = new();
    private readonly Queue<ProducerBatch> _ready = new();
    private readonly List<ProducerBatch> _underWay = [];
    private readonly ProducerSettings _settings = accumulator.Settings;
    private ProducerBatch? _open;
    private List<ProducerBatch>? _spareGroup;
    private ProducerBatch? _lingering;
    private ITimer? _lingerTimer;
    private long _queuedBytes;
    private int _senders;
    private bool _isClosed;

    public ProducerTopic Topic => topic;

    public int Partition => partition;

    public BackgroundWork Background => accumulator.Background;

    /// <summary>What the records here take of the buffer.</summary>
    public long QueuedBytes => Volatile.Read(ref _queuedBytes);

    /// <summary>Adds a record for which room has been taken; false if the producer has been disposed of.</summary>
    public bool TryAdd(RecordScratch record, bool isAwaited, out Ticket ticket)
    {
        bool isBatchClosed, isSenderNeeded;
        lock (_lock)
        {
            if (_isClosed || accumulator.IsDisposed)
            {
                ticket = default;
                return false;
            }

            var limit = Math.Min(_settings.BatchSize, topic.Known!.MaxMessageBytes);
            isBatchClosed = _open is not null && _open.Builder.SizeInBytes + record.ReservedBytes > limit;
            if (isBatchClosed)
            {
                CloseOpen();
            }

            _open ??= accumulator.OpenBatch(this);
            var batch = _open;
            var fits = batch.Builder.Append(
                new Timestamp(record.Timestamp), record.Key, record.KeyIsNull, record.Value, record.ValueIsNull, record.Headers);
            Invariant.Check(fits, "a record within MaxRecordBytes fits into an empty batch");
            ticket = new Ticket(batch, batch.RecordsCount++, record.Timestamp);
            batch.EnqueuedCount += isAwaited ? 0 : 1;
            batch.ReservedBytes += record.ReservedBytes;
            _queuedBytes += record.ReservedBytes;
            if (batch.Builder.SizeInBytes >= limit)
            {
                CloseOpen();
                isBatchClosed = true;
            }

            isSenderNeeded = TryCountSender();
        }

        if (isBatchClosed)
        {
            accumulator.OnBatchClosed(topic, partition);
        }

        if (isSenderNeeded)
        {
            StartSender();
        }

        return true;
    }

    /// <summary>Sends what is here without lingering.</summary>
    /// <param name="unfinished">If given, gets every batch whose outcome is not known yet.</param>
    /// <param name="close">Take no more records.</param>
    public void Hurry(List<ProducerBatch>? unfinished = null, bool close = false)
    {
        bool isBatchClosed, isSenderNeeded;
        lock (_lock)
        {
            _isClosed |= close;
            isBatchClosed = _open is not null;
            if (isBatchClosed)
            {
                CloseOpen();
            }

            unfinished?.AddRange(_underWay);
            unfinished?.AddRange(_ready);
            isSenderNeeded = TryCountSender();
            if (close)
            {
                _lingerTimer?.Dispose();
            }
        }

        if (isBatchClosed)
        {
            accumulator.OnBatchClosed(topic, partition);
        }

        if (isSenderNeeded)
        {
            StartSender();
        }
    }

    /// <summary>A batch is about to end.</summary>
    public void Settle(ProducerBatch batch)
    {
        lock (_lock)
        {
            _underWay.Remove(batch);
            _queuedBytes -= batch.ReservedBytes;
        }

        accumulator.Settle(this, batch);
    }

    private void StartSender() => Background.Start(static queue => queue.SendAsync(), this);

    private async Task SendAsync()
    {
        var group = Interlocked.Exchange(ref _spareGroup, null) ?? [];
        while (TryTake(group))
        {
            await accumulator.DeliverAsync(this, group);
            group.Clear();
        }

        _spareGroup = group;
    }

    /// <summary>Takes what the next append carries; if there is nothing, the sender counts as ended.</summary>
    private bool TryTake(List<ProducerBatch> group)
    {
        var isBatchClosed = false;
        lock (_lock)
        {
            if (_open is not null && _senders == 1 && (long)_ready.Count * _settings.BatchSize < _settings.AppendBytes && IsDue())
            {
                CloseOpen();
                isBatchClosed = true;
            }

            long bytes = 0;
            while (_ready.TryPeek(out var next)
                && (group.Count == 0
                    || (bytes + next.Builder.SizeInBytes <= _settings.AppendBytes && group.Count < Limits.BatchesPerAppend)))
            {
                bytes += next.Builder.SizeInBytes;
                group.Add(_ready.Dequeue());
            }

            _underWay.AddRange(group);
            if (group.Count == 0)
            {
                _senders--;
            }
        }

        if (isBatchClosed)
        {
            accumulator.OnBatchClosed(topic, partition);
        }

        return group.Count > 0;
    }

    // The methods from here on are called under the lock.
    private void CloseOpen()
    {
        _ready.Enqueue(_open!);
        _open = null;
    }

    // A second append beside the first carries full batches only; else no batch would ever fill.
    private bool TryCountSender()
    {
        if (_senders >= _settings.MaxInFlight || (_ready.Count == 0 && (_senders > 0 || _open is null || !IsDue())))
        {
            return false;
        }

        _senders++;
        return true;
    }

    private bool IsDue()
    {
        if (_settings.Linger == TimeSpan.Zero)
        {
            return true;
        }

        var left = _settings.Linger - accumulator.Time.GetElapsedTime(_open!.OpenedAt);
        if (left <= TimeSpan.Zero)
        {
            return true;
        }

        if (_lingering == _open)
        {
            return false;
        }

        _lingering = _open;
        _lingerTimer ??= accumulator.Time.CreateTimer(
            static state => ((PartitionQueue)state!).OnLingered(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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

        if (isSenderNeeded)
        {
            StartSender();
        }
    }
}
