using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.ConsumerProxy;

/// <content>Delivers records.</content>
internal sealed partial class ProxiedConsumer
{
    /// <summary>Delivers the next records; see <see cref="IConsumerGrain.Take"/>.</summary>
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

    /// <summary>Applies what the client says about earlier deliveries.</summary>
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
                // Another member has it now, and gets what was lost.
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
        var delivery = new Delivery(request.MaxRecords, request.MaxBytes);
        while (Fill(delivery))
        {
            var arrived = _feed.ArrivedAsync();
            if (!arrived.IsCompleted && delivery.IsEmpty)
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

            if (!arrived.IsCompleted || (!delivery.IsEmpty && arrived.IsFaulted))
            {
                break;
            }

            await arrived;
            Hold(_feed.Take());
        }

        lock (_lock)
        {
            return new TakeResult(ErrorCode.None, null, delivery.Slices, _deliveries.Receipt);
        }
    }

    /// <summary>Moves what is held into a delivery.</summary>
    /// <returns>Whether there is room for more.</returns>
    private bool Fill(Delivery delivery)
    {
        lock (_lock)
        {
            var isNew = delivery.IsEmpty;
            RecordSlice? first = null, last = null;
            while (_heldFrom < _held.Length && !delivery.IsFull)
            {
                var (taken, rest) = delivery.Take(_heldPartition, _held[_heldFrom]);
                (first, last) = (first ?? taken, taken ?? last);
                if (rest is not null)
                {
                    _held[_heldFrom] = rest;
                }
                else
                {
                    _heldFrom++;
                }
            }

            if (first is not null && last is not null)
            {
                if (isNew)
                {
                    _deliveries.Open();
                }

                _deliveries.Add(_heldPartition, first.FirstOffset, last.LastOffset + 1);
            }

            return !delivery.IsFull;
        }
    }

    private void Progressed()
    {
        _progress?.TrySetResult();
        _progress = null;
    }

    private void Hold(PartitionSlices? records)
    {
        if (records is not null)
        {
            lock (_lock)
            {
                (_heldPartition, _held, _heldFrom) = (records.Partition, records.Slices, 0);
            }
        }
    }

    private void Drop(IReadOnlyCollection<TopicPartition> partitions)
    {
        if (_held.Length > 0 && partitions.Contains(_heldPartition))
        {
            (_held, _heldFrom) = ([], 0);
        }
    }

    private TakeResult Failed(ErrorCode error, string? detail) => new(error, detail, [], _deliveries.Receipt);
}
