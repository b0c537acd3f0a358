using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>
/// Fetches one partition ahead of its reader for as long as it is assigned: one fetch at a time, each waiting at the partition for data. A
/// failure that may pass is tried again; one that does not pass stops the loop until the reader has seen it. What the partition's epoch
/// has outlived is dropped.
/// </summary>
internal sealed class FetchLoop(
    AssignedPartition partition,
    PartitionSet set,
    ConsumerOptions options,
    TopicCache topics,
    TimeProvider time,
    ILogger logger,
    RetryBackoff backoff)
{
    private readonly TopicPartition _name = partition.Partition;

    public async Task RunAsync()
    {
        while (await set.NextFetchAsync(partition) is { } fetch)
        {
            try
            {
                var result = await FetchAsync(fetch.Topic, fetch.From, fetch.EpochEnd);
                await HandleAsync(result, fetch.Topic, fetch.From, fetch.Epoch, fetch.EpochEnd);
            }
            catch (OperationCanceledException) when (fetch.EpochEnd.IsCancellationRequested)
            {
            }
            catch (Exception exception)
            {
                // Reading changes nothing, so whatever went wrong may be tried again.
                var code = GrainCallErrors.Of(exception) ?? (exception as LoireException)?.Code ?? ErrorCode.UnknownServerError;
                await RetryAsync(code, exception.Message, exception, fetch.From, fetch.Epoch, fetch.EpochEnd);
            }
        }
    }

    private async Task<FetchResult> FetchAsync(TopicRoutes topic, Offset from, CancellationToken cancellation)
    {
        var request = new FetchRequest(
            from, Math.Min(options.MaxPartitionFetchBytes, Limits.FetchBytes), options.FetchMinBytes, options.FetchMaxWait);
        var start = time.GetTimestamp();
        var error = ErrorCode.RequestTimedOut;
        long records = 0;
        using var activity = LoireTelemetry.StartPoll(_name, options.ClientId);
        try
        {
            var call = topic.Partition(_name.Partition).Fetch(request, cancellation).AsTask();
            await BackgroundWork.WaitAsync(call, options.FetchMaxWait + options.RequestTimeout, time, cancellation);
            var result = await call;
            error = result.Error;
            records = result.Batches.Length > 0 ? result.NextOffset.Value - from : 0;
            return result;
        }
        finally
        {
            LoireTelemetry.EndPoll(activity, records, cancellation.IsCancellationRequested ? ErrorCode.None : error);
            if (LoireTelemetry.OperationDuration.Enabled && !cancellation.IsCancellationRequested)
            {
                LoireTelemetry.OperationDuration.Record(
                    time.GetElapsedTime(start).TotalSeconds,
                    LoireTelemetry.Tags(LoireTelemetry.PollOperation, LoireTelemetry.ReceiveType, _name.Topic, _name.Partition, error));
            }
        }
    }

    private async Task HandleAsync(FetchResult result, TopicRoutes topic, Offset from, int epoch, CancellationToken epochEnd)
    {
        switch (result.Error)
        {
            case ErrorCode.None:
                backoff.Reset();
                if (result.Batches.Length > 0)
                {
                    set.Add(partition, epoch, new FetchedBatches(result.Batches, result.NextOffset));
                }

                break;
            case ErrorCode.OffsetOutOfRange:
                await ResetAsync(result.Bounds, from, epoch, epochEnd);
                break;
            case ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.InconsistentTopicId:
                await LookAgainAsync(result, topic, from, epoch, epochEnd);
                break;
            case var error when ErrorCodes.Describe(error).Retriable:
                await RetryAsync(error, result.Detail, null, from, epoch, epochEnd);
                break;
            default:
                Fail(result.Error, result.Detail, null, from, epoch);
                break;
        }
    }

    private async Task ResetAsync(PartitionOffsets bounds, Offset from, int epoch, CancellationToken epochEnd)
    {
        if (options.AutoOffsetReset == OffsetSpec.None)
        {
            Fail(
                ErrorCode.OffsetOutOfRange,
                $"The offset {from} does not exist, the partition holds {bounds.LogStart} to {bounds.HighWatermark}, and AutoOffsetReset is None.",
                null, from, epoch);
            return;
        }

        var to = options.AutoOffsetReset == OffsetSpec.Earliest ? bounds.LogStart : bounds.HighWatermark;
        ConsumerLog.OffsetReset(logger, _name, from, to, options.AutoOffsetReset);
        if (backoff.Failed() is not { } pause)
        {
            Fail(ErrorCode.OffsetOutOfRange, null, null, from, epoch);
            return;
        }

        // Behind what was fetched before, which is handed out first.
        set.Add(partition, epoch, FetchedBatches.Reset(to));
        if (to == from)
        {
            // What the partition said in one answer contradicts itself: it may be moving.
            await BackgroundWork.PauseAsync(pause, time, epochEnd);
        }
    }

    // Gone, created anew, or a partition that has not heard of its topic yet: the topic knows.
    private async Task LookAgainAsync(FetchResult result, TopicRoutes before, Offset from, int epoch, CancellationToken epochEnd)
    {
        TopicRoutes now;
        try
        {
            now = await topics.RequireNewerAsync(before, result.TopicVersion, options.RequestTimeout, epochEnd);
        }
        catch (LoireException gone) when (gone.Code == ErrorCode.UnknownTopicOrPartition)
        {
            if (partition.IsGranted)
            {
                await BackgroundWork.PauseAsync(options.RetryBackoffMax, time, epochEnd);
                return;
            }

            Fail(gone.Code, $"The topic '{_name.Topic}' was deleted.", gone, from, epoch);
            return;
        }

        if (now.Id != before.Id && partition.IsGranted)
        {
            await BeginInSuccessorAsync(now, from, epoch, epochEnd);
            return;
        }

        if (now.Id != before.Id)
        {
            Fail(
                ErrorCode.InconsistentTopicId,
                $"The topic '{_name.Topic}' was deleted and created anew: assign its partitions again to read it from its start.",
                null, from, epoch);
            return;
        }

        set.Know(partition, now);
        await RetryAsync(result.Error, result.Detail, null, from, epoch, epochEnd);
    }

    // A group reads what has the name, whichever creation of the topic it is.
    private async Task BeginInSuccessorAsync(TopicRoutes successor, Offset from, int epoch, CancellationToken epochEnd)
    {
        if (_name.Partition >= successor.PartitionsCount)
        {
            // The group takes it away soon.
            await BackgroundWork.PauseAsync(options.RetryBackoffMax, time, epochEnd);
            return;
        }

        if (options.AutoOffsetReset == OffsetSpec.None)
        {
            Fail(
                ErrorCode.OffsetOutOfRange, $"The topic '{_name.Topic}' was deleted and created anew, and AutoOffsetReset is None.",
                null, from, epoch);
            return;
        }

        var start = await PartitionPositions.FindAsync(successor, _name, options.StartOf(_name), epochEnd);
        ConsumerLog.TopicSucceeded(logger, _name, start);
        while (!epochEnd.IsCancellationRequested && !set.TrySucceed(partition, epoch, successor, start))
        {
            // What the application commits now is still of the old topic.
            await set.WhenDoneAsync([_name], epochEnd);
        }
    }

    private async Task RetryAsync(ErrorCode code, string? text, Exception? cause, Offset from, int epoch, CancellationToken epochEnd)
    {
        if (backoff.Failed() is not { } pause)
        {
            Fail(code, text, cause, from, epoch);
            return;
        }

        ConsumerLog.FetchFailed(logger, _name, from, code, pause, cause);
        try
        {
            await BackgroundWork.PauseAsync(pause, time, epochEnd);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Fail(ErrorCode code, string? text, Exception? cause, Offset from, int epoch)
    {
        // Whoever goes on after it has the whole time again.
        backoff.Reset();
        var position = new TopicPartitionOffset(_name, from);
        set.Fail(partition, epoch, new ConsumeException(code, position, text, cause));
    }
}
