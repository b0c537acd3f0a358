using System.Runtime.CompilerServices;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>
/// Joins the parts: <see cref="FetchLoop"/>s fill the <see cref="PartitionSet"/>, <see cref="RecordStream"/> takes turns between its
/// partitions, <see cref="RecordDecoder{TKey, TValue}"/> makes records of bytes when they are handed out.
/// </summary>
internal sealed partial class Consumer<TKey, TValue> : IConsumer<TKey, TValue>
{
    private readonly ConsumerOptions<TKey, TValue> _options;
    private readonly TimeProvider _time;
    private readonly RecordDecoder<TKey, TValue> _decoder;
    private readonly PartitionSet _set;
    private readonly Assigner _assigner;
    private readonly RecordStream _stream;
    private readonly List<ConsumeResult<TKey, TValue>> _list = [];
    private int _isEnumerated;

    public Consumer(
        ConsumerOptions<TKey, TValue> options, IGrainFactory grains, TopicCache topics, TimeProvider time, BackgroundWork background,
        Random random, ILogger logger)
    {
        _options = options.Copy();
        _options.Check();
        _time = time;
        _decoder = new RecordDecoder<TKey, TValue>(_options);
        _set = new PartitionSet(_options, time);
        _assigner = new Assigner(_set, _options, topics, time, background, random, logger);
        _stream = new RecordStream(_set);
        if (_options.GroupId is not null)
        {
            _subscriber = new Subscriber(_options, grains, _set, _assigner, time, background, NewMemberId, logger);
        }
    }

    public IReadOnlyList<TopicPartition> Assignment => _set.List(static _ => true);

    public IReadOnlyList<TopicPartition> Paused => _set.List(static partition => partition.IsPaused);

    public ValueTask AssignAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        CheckNotSubscribed();
        return _assigner.AssignAsync([.. partitions.Select(partition => (partition, default(Offset?)))], cancellation);
    }

    public ValueTask AssignAsync(IEnumerable<TopicPartitionOffset> positions, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(positions);
        CheckNotSubscribed();
        return _assigner.AssignAsync([.. positions.Select(position => (position.TopicPartition, (Offset?)position.Offset))], cancellation);
    }

    public ValueTask SeekAsync(TopicPartition partition, OffsetSpec position, CancellationToken cancellation) =>
        _assigner.SeekAsync(partition, position, cancellation);

    public void Pause(IEnumerable<TopicPartition> partitions) => _set.Pause(partitions);

    public void Resume(IEnumerable<TopicPartition> partitions) => _set.Resume(partitions);

    public Offset Position(TopicPartition partition) => _set.Read(partition, static found => found.Position);

    public ValueTask<WatermarkOffsets> QueryWatermarksAsync(TopicPartition partition, CancellationToken cancellation) =>
        _assigner.WatermarksAsync(partition, cancellation);

    public ValueTask<Offset> OffsetForTimeAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellation) =>
        _assigner.OffsetAsync(partition, OffsetSpec.AtTime(time), cancellation);

    public IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeAsync(CancellationToken cancellation) =>
        CommitsFirst ? ConsumeListsAsync(cancellation) : ConsumeEachAsync(cancellation);

    public async IAsyncEnumerable<IReadOnlyList<ConsumeResult<TKey, TValue>>> ConsumeBatchesAsync(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        Begin();
        var isInHand = false;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var arrival = _decoder.IsSynchronous ? Fill() : await FillAsync(cancellation);
                if (_list.Count > 0)
                {
                    ConsumeResult<TKey, TValue>[] records = [.. _list];
                    _list.Clear();
                    if (await MayHandOutAsync(records[0].TopicPartition, cancellation) && _stream.TryConfirm())
                    {
                        isInHand = true;
                        yield return records;
                        isInHand = false;
                    }
                }
                else if (!await ArrivedAsync(arrival, cancellation))
                {
                    break;
                }
            }
        }
        finally
        {
            End(isInHand);
        }
    }

    public ValueTask DisposeAsync() => CloseAsync(GroupMembershipOperation.Default);

    public async ValueTask CloseAsync(GroupMembershipOperation operation)
    {
        if (_subscriber is not null)
        {
            await _subscriber.UnsubscribeAsync(operation, CancellationToken.None);
        }

        _set.Dispose();
        DisposeStream();
    }

    private async IAsyncEnumerable<ConsumeResult<TKey, TValue>> ConsumeEachAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        Begin();
        var isInHand = false;
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                if (!_stream.TryPeek(out var frame, out var arrival))
                {
                    if (await ArrivedAsync(arrival, cancellation))
                    {
                        continue;
                    }

                    break;
                }

                var result = _decoder.IsSynchronous
                    ? _decoder.Decode(_stream.Partition, frame, _stream.Records)
                    : await DecodeAsync(frame, cancellation);
                if (result is null)
                {
                    break;
                }

                _stream.Take(frame.Offset);
                if (_stream.TryConfirm())
                {
                    isInHand = true;
                    yield return result;
                    isInHand = false;
                }
            }
        }
        finally
        {
            End(isInHand);
        }
    }

    private void Begin()
    {
        ObjectDisposedException.ThrowIf(_set.IsDisposed, this);
        if (Interlocked.Exchange(ref _isEnumerated, 1) != 0)
        {
            ObjectDisposedException.ThrowIf(_set.IsDisposed, this);
            throw new InvalidOperationException("The consumer is being enumerated already; only one enumeration may be under way.");
        }

        _set.Enter();
    }

    private void End(bool isInHand)
    {
        if (_list.Count > 0)
        {
            _list.Clear();
            _stream.Abandon();
        }

        _stream.Report();
        _set.Leave(hasFinished: !isInHand);
        Volatile.Write(ref _isEnumerated, 0);
        DisposeStream();
    }

    // Whoever comes last: an enumeration under way may still be reading from the stream's memory.
    private void DisposeStream()
    {
        if (_set.IsDisposed && Interlocked.Exchange(ref _isEnumerated, 1) == 0)
        {
            _stream.Dispose();
        }
    }

    /// <summary>Waits; false when cancelled.</summary>
    private async ValueTask<bool> ArrivedAsync(Task arrival, CancellationToken cancellation)
    {
        try
        {
            _stream.Report();
            _set.Ask();
            await BackgroundWork.WaitAsync(arrival, Timeout.InfiniteTimeSpan, _time, cancellation);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>The record; null when cancelled.</summary>
    private async ValueTask<ConsumeResult<TKey, TValue>?> DecodeAsync(RecordFrame frame, CancellationToken cancellation)
    {
        try
        {
            return await _decoder.DecodeAsync(_stream.Partition, frame, _stream.Records, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    // A record that cannot be read ends the list before it; when it comes first, it throws.
    private Task Fill()
    {
        Task arrival = Task.CompletedTask;
        while (_list.Count < _options.MaxPollRecords && _stream.TryPeek(out var frame, out arrival))
        {
            try
            {
                _list.Add(_decoder.Decode(_stream.Partition, frame, _stream.Records));
            }
            catch (SerializationException) when (_list.Count > 0)
            {
                break;
            }

            _stream.Take(frame.Offset);
        }

        return arrival;
    }

    private async ValueTask<Task> FillAsync(CancellationToken cancellation)
    {
        Task arrival = Task.CompletedTask;
        while (_list.Count < _options.MaxPollRecords && _stream.TryPeek(out var frame, out arrival))
        {
            try
            {
                if (await DecodeAsync(frame, cancellation) is not { } record)
                {
                    // Nothing was handed out, so nothing counts.
                    _list.Clear();
                    _stream.Abandon();
                    break;
                }

                _list.Add(record);
            }
            catch (SerializationException) when (_list.Count > 0)
            {
                break;
            }

            _stream.Take(frame.Offset);
        }

        return arrival;
    }
}
