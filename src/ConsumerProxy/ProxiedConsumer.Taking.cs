using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;

namespace Loire.ConsumerProxy;

/// <content>Giving out records.</content>
internal sealed partial class ProxiedConsumer
{
    /// <summary>Gives out the next records; see <see cref="IConsumerGrain.Take"/>.</summary>
    public async Task<TakeResult> TakeAsync(TakeRequest request, CancellationToken cancellation)
    {
        Interrupt(Interruption.Newer);
        var interrupted = _interrupted.Task;
        await _turn.WaitAsync(cancellation);
        _takes++;
        try
        {
            if (interrupted.IsCompleted && await interrupted == Interruption.Newer)
            {
                return Failed(ErrorCode.RequestTimedOut, "A newer request for records has come.");
            }

            if (_hasEnded)
            {
                return Failed(ErrorCode.UnknownMemberId, null);
            }

            if (_topics.Length == 0 && _pattern is null && !_isAssignedByHand)
            {
                return Failed(ErrorCode.InvalidRequest, "The consumer has neither subscribed nor been assigned partitions.");
            }

            await SettleAsync(request);
            return await GatherAsync(request, interrupted, cancellation);
        }
        catch (LoireException failure)
        {
            return Failed(failure.Code, failure.Detail);
        }
        finally
        {
            _takes--;
            _lastAsked = _time.GetTimestamp();
            _turn.Release();
        }
    }

    /// <summary>Takes the client's word on what it was given before.</summary>
    private async Task SettleAsync(TakeRequest request)
    {
        IReadOnlyList<(TopicPartition Partition, Offset From)> lost = [];
        lock (_lock)
        {
            _isStreaming = request.PreviousDelivery == PreviousDelivery.Pending;
            if (request.PreviousDelivery == PreviousDelivery.Finished)
            {
                _deliveries.FinishAll();
            }
            else if (request.PreviousDelivery == PreviousDelivery.FinishedUpToReceipt)
            {
                lost = _deliveries.FinishUpTo(request.Receipt ?? "");
            }

            Progressed();
        }

        if (lost.Count > 0)
        {
            Hold(await _feed.EndAsync());
        }

        foreach (var (partition, from) in lost)
        {
            try
            {
                await _consumer.SeekAsync(partition, OffsetSpec.At(from));
            }
            catch (InvalidOperationException)
            {
                // It was given to others meanwhile, and they get what was lost.
            }

            lock (_lock)
            {
                Drop([partition]);
                _deliveries.WentBack(partition);
            }
        }
    }

    private async Task<TakeResult> GatherAsync(TakeRequest request, Task<Interruption> interrupted, CancellationToken cancellation)
    {
        var began = _time.GetTimestamp();
        var records = new List<ConsumedRecord>();
        var bytes = 0L;
        while (Give(records, request, ref bytes))
        {
            var arrived = _feed.ArrivedAsync();
            if (!arrived.IsCompleted && records.Count == 0)
            {
                var left = request.MaxWait - _time.GetElapsedTime(began);
                using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                if (left > TimeSpan.Zero)
                {
                    await Task.WhenAny(arrived, interrupted, Task.Delay(left, _time, end.Token));
                }

                await end.CancelAsync();
                cancellation.ThrowIfCancellationRequested();
                if (interrupted.IsCompleted && await interrupted == Interruption.Newer)
                {
                    return Failed(ErrorCode.RequestTimedOut, "A newer request for records has come.");
                }
            }

            if (!arrived.IsCompleted || (records.Count > 0 && arrived.IsFaulted))
            {
                break;
            }

            await arrived;
            Hold(_feed.Take());
        }

        lock (_lock)
        {
            return new TakeResult(ErrorCode.None, null, [.. records], _deliveries.Receipt);
        }
    }

    /// <summary>Moves what is held into an answer.</summary>
    /// <returns>Whether there is room for more.</returns>
    private bool Give(List<ConsumedRecord> records, TakeRequest request, ref long bytes)
    {
        lock (_lock)
        {
            var from = _heldFrom;
            while (_heldFrom < _held.Count && records.Count < request.MaxRecords && bytes < request.MaxBytes)
            {
                var record = Convert(_held[_heldFrom]);
                var size = SizeOf(record);
                if (records.Count > 0 && bytes + size > request.MaxBytes)
                {
                    bytes = request.MaxBytes;
                    break;
                }

                if (records.Count == 0)
                {
                    _deliveries.Open();
                }

                records.Add(record);
                bytes += size;
                _heldFrom++;
            }

            if (_heldFrom > from)
            {
                _deliveries.Add(_held[from].TopicPartition, _held[from].Offset, _held[_heldFrom - 1].Offset + 1);
            }

            return _heldFrom == _held.Count && records.Count < request.MaxRecords && bytes < request.MaxBytes;
        }
    }

    private void Progressed()
    {
        _progress?.TrySetResult();
        _progress = null;
    }

    private void Hold(IReadOnlyList<ConsumeResult<byte[], byte[]>> records)
    {
        if (records.Count > 0)
        {
            lock (_lock)
            {
                (_held, _heldFrom) = (records, 0);
            }
        }
    }

    private void Drop(IReadOnlyCollection<TopicPartition> partitions)
    {
        if (_held.Count > 0 && partitions.Contains(_held[0].TopicPartition))
        {
            (_held, _heldFrom) = ([], 0);
        }
    }

    private TakeResult Failed(ErrorCode error, string? detail) => new(error, detail, [], _deliveries.Receipt);

    private static ConsumedRecord Convert(ConsumeResult<byte[], byte[]> record) => new(
        record.TopicPartition, record.Offset, new Timestamp(record.UnixTimeMilliseconds), record.Key, record.Value,
        [.. record.Headers.Select(header => new ConsumedHeader(header.Key, header.Value?.ToArray()))]);

    private static long SizeOf(ConsumedRecord record) =>
        (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0)
        + record.Headers.Sum(header => header.Key.Length + (header.Value?.Length ?? 0));
}
