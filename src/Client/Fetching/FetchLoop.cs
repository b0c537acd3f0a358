using Loire.Edge.Calls;
using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>
/// Prefetches one partition for as long as it is assigned, with one long-polling fetch at a time. <see cref="FetchSession"/> interprets an
/// answer; this class decides how to proceed. Transient failures are retried; a permanent one stops the loop until the reader has seen it.
/// Answers that arrive after the partition's epoch has ended are discarded.
/// </summary>
internal sealed class FetchLoop(
    AssignedPartition partition,
    PartitionSet set,
    ConsumerOptions options,
    Func<TopicRoutes, TopicPartition, FetchSession> newSession,
    TimeProvider time,
    ClientMetrics metrics,
    ILogger logger,
    RetryBackoff backoff)
{
    // Nothing is late because of it: a fetch for any data at all is answered as soon as there is some.
    private static readonly TimeSpan _idleWait = TimeSpan.FromSeconds(10);

    private readonly TopicPartition _name = partition.Partition;
    private TimeSpan _wait = options.FetchMaxWait;

    public async Task RunAsync()
    {
        while (await set.NextFetchAsync(partition) is { } fetch)
        {
            try
            {
                var fetched = await FetchAsync(fetch.Session, fetch.From, fetch.EpochEnd);
                await HandleAsync(fetched, fetch.From, fetch.Epoch, fetch.EpochEnd);
            }
            catch (OperationCanceledException) when (fetch.EpochEnd.IsCancellationRequested)
            {
            }
            catch (Exception exception)
            {
                // Reads have no side effects, so every failed call may be repeated.
                var code = GrainCallErrors.Of(exception) ?? (exception as LoireException)?.Code ?? ErrorCode.UnknownServerError;
                await RetryAsync(code, exception.Message, exception, fetch.From, fetch.Epoch, fetch.EpochEnd);
            }
        }
    }

    private async Task<Fetched> FetchAsync(FetchSession session, Offset from, CancellationToken cancellation)
    {
        var request = new FetchRequest(
            from, Math.Min(options.MaxPartitionFetchBytes, Limits.FetchBytes), options.FetchMinBytes, _wait, options.IsolationLevel);
        var start = time.GetTimestamp();
        var error = ErrorCode.RequestTimedOut;
        long records = 0;
        using var activity = LoireTelemetry.StartPoll(_name, options.ClientId);
        try
        {
            var fetched = await session.FetchAsync(request, cancellation);
            error = fetched.Answer.Error;
            records = fetched.Answer.Batches.Length > 0 ? fetched.Answer.NextOffset.Value - from : 0;
            return fetched;
        }
        finally
        {
            LoireTelemetry.EndPoll(activity, records, cancellation.IsCancellationRequested ? ErrorCode.None : error);
            if (!cancellation.IsCancellationRequested)
            {
                metrics.Fetched(_name, time.GetElapsedTime(start), error);
            }
        }
    }

    private async Task HandleAsync(Fetched fetched, Offset from, int epoch, CancellationToken epochEnd)
    {
        var answer = fetched.Answer;
        switch (fetched.Status)
        {
            case FetchStatus.Read:
                backoff.Reset();
                _wait = answer.Batches.Length > 0 || options.FetchMinBytes > 1 ? options.FetchMaxWait : Longer(_wait);
                if (answer.NextOffset > from)
                {
                    // Without batches if all of them belong to aborted transactions.
                    set.Add(partition, epoch, new FetchedBatches(answer.Batches, answer.NextOffset));
                }

                break;
            case FetchStatus.OutOfRange:
                await ResetAsync(answer.Bounds, from, epoch, epochEnd);
                break;
            case FetchStatus.Unavailable when fetched.Failure is { Error: not ErrorCode.None } failure:
                await RetryAsync(failure.Error, failure.Detail, failure.Cause, from, epoch, epochEnd);
                break;
            case FetchStatus.Unavailable:
                await RetryAsync(answer.Error, answer.Detail, null, from, epoch, epochEnd);
                break;
            case FetchStatus.TopicDeleted when partition.IsGranted:
                // The group will revoke it soon.
                await BackgroundWork.PauseAsync(options.RetryBackoffMax, time, epochEnd);
                break;
            case FetchStatus.TopicDeleted:
                Fail(ErrorCode.UnknownTopicOrPartition, $"The topic '{_name.Topic}' was deleted.", null, from, epoch);
                break;
            case FetchStatus.TopicReplaced when partition.IsGranted:
                await BeginInSuccessorAsync(fetched.Successor!, from, epoch, epochEnd);
                break;
            case FetchStatus.TopicReplaced:
                Fail(
                    ErrorCode.InconsistentTopicId,
                    $"The topic '{_name.Topic}' was deleted and recreated: assign its partitions again to read the new topic from its start.",
                    null, from, epoch);
                break;
            default:
                Fail(answer.Error, answer.Detail, null, from, epoch);
                break;
        }
    }

    private static TimeSpan Longer(TimeSpan wait) => wait >= _idleWait ? wait : wait * 2 < _idleWait ? wait * 2 : _idleWait;

    private async Task ResetAsync(PartitionOffsets bounds, Offset from, int epoch, CancellationToken epochEnd)
    {
        if (options.AutoOffsetReset == OffsetSpec.None)
        {
            Fail(
                ErrorCode.OffsetOutOfRange,
                $"The offset {from} does not exist, the partition holds {bounds.LogStart} to {bounds.End(options.IsolationLevel)}, and "
                    + "AutoOffsetReset is None.",
                null, from, epoch);
            return;
        }

        var to = options.AutoOffsetReset == OffsetSpec.Earliest ? bounds.LogStart : bounds.End(options.IsolationLevel);
        ConsumerLog.OffsetReset(logger, _name, from, to, options.AutoOffsetReset);
        if (backoff.Failed() is not { } pause)
        {
            Fail(ErrorCode.OffsetOutOfRange, null, null, from, epoch);
            return;
        }

        // Queued behind the batches fetched before, which are delivered first.
        set.Add(partition, epoch, FetchedBatches.Reset(to));
        if (to == from)
        {
            // The partition's answer is inconsistent: the grain may be moving.
            await BackgroundWork.PauseAsync(pause, time, epochEnd);
        }
    }

    // A group subscribes by name, so it reads any creation of the topic.
    private async Task BeginInSuccessorAsync(TopicRoutes successor, Offset from, int epoch, CancellationToken epochEnd)
    {
        if (_name.Partition >= successor.PartitionsCount)
        {
            // The group will revoke it soon.
            await BackgroundWork.PauseAsync(options.RetryBackoffMax, time, epochEnd);
            return;
        }

        if (options.AutoOffsetReset == OffsetSpec.None)
        {
            Fail(
                ErrorCode.OffsetOutOfRange, $"The topic '{_name.Topic}' was deleted and recreated, and AutoOffsetReset is None.",
                null, from, epoch);
            return;
        }

        var start = await PartitionPositions.FindAsync(successor, _name, options.StartOf(_name), epochEnd, options.IsolationLevel);
        ConsumerLog.TopicSucceeded(logger, _name, start);
        while (!epochEnd.IsCancellationRequested && !set.TrySucceed(partition, epoch, newSession(successor, _name), start))
        {
            // Until the application is done, its commits still belong to the old topic.
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
        // A reader that continues after the failure gets the full retry time again.
        backoff.Reset();
        var position = new TopicPartitionOffset(_name, from);
        set.Fail(partition, epoch, new ConsumeException(code, position, text, cause));
    }
}
