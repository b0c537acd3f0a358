using System.Runtime.CompilerServices;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client;

/// <summary>
/// Brings batches to their partition. A refusal that says that nothing was appended is retried while it may pass; an outcome that nobody
/// knows is not, unless the options ask for it, because the records may be there already. A batch ends at the latest when its
/// <see cref="ProducerOptions.DeliveryTimeout"/> has passed: no wait in here is longer than the oldest batch has left.
/// </summary>
internal sealed class Delivery(TopicCache directory, ProducerSettings settings, TimeProvider time, Random random, ILogger logger)
{
    /// <summary>The pause before an attempt: doubled each time, a fifth more or less.</summary>
    public TimeSpan Backoff(int attempts)
    {
        var pause = Math.Min(settings.RetryBackoffMax.Ticks, settings.RetryBackoff.Ticks * Math.Pow(2, Math.Min(attempts, 40)));
        lock (random)
        {
            return TimeSpan.FromTicks((long)(pause * (0.8 + (0.4 * random.NextDouble()))));
        }
    }

    /// <summary>Delivers batches in one append, as long as they can end together. Each has ended afterwards.</summary>
    /// <param name="queue">Their queue.</param>
    /// <param name="group">The batches.</param>
    /// <param name="bytes">The batches as the append carries them.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask DeliverAsync(PartitionQueue queue, List<ProducerBatch> group, ReadOnlyMemory<byte> bytes)
    {
        var attempt = new Attempt(ErrorCode.None, null, null);
        var (first, mayBeStored) = (0, false);
        for (var attempts = 0; ; attempts++)
        {
            first = Expire(group, first, attempt, mayBeStored, ref bytes);
            if (first == group.Count)
            {
                return;
            }

            attempt = await AppendAsync(queue, bytes, Left(group[first]));
            var isOutdated = attempt.TopicVersion > queue.Topic.Known!.Version;
            if (attempt.Result is { } result)
            {
                if (isOutdated)
                {
                    await FollowTopicAsync(queue, attempt, Left(group[first]), TimeSpan.Zero);
                }

                Succeed(group, first, result);
                return;
            }

            mayBeStored |= attempt.IsOutcomeUnknown;
            var pause = Backoff(attempts);
            if (isOutdated || TopicRoutes.IsUnknown(attempt.Error))
            {
                (var isHopeless, pause) = await FollowTopicAsync(queue, attempt, Left(group[first]), pause);
                if (isHopeless)
                {
                    Fail(group, first, attempt, mayBeStored);
                    return;
                }
            }

            var mayPass = attempt.IsOutcomeUnknown ? settings.RetryUnknownOutcomes : ErrorCodes.Describe(attempt.Error).Retriable;
            if (!mayPass && !mayBeStored && group.Count - first > 1)
            {
                // One of them is at fault, and the others must not suffer for it.
                await DeliverEachAsync(queue, group, first, bytes);
                return;
            }

            if (!mayPass || attempts >= settings.Retries)
            {
                Fail(group, first, attempt, mayBeStored);
                return;
            }

            logger.AppendRetried(attempt.Exception, queue.Topic.Topic, queue.Partition, ErrorCodes.Describe(attempt.Error).Name);
            var left = Left(group[first]);
            await Task.Delay(pause < left ? pause : left, time);
        }
    }

    private async Task DeliverEachAsync(PartitionQueue queue, List<ProducerBatch> group, int first, ReadOnlyMemory<byte> bytes)
    {
        foreach (var batch in group.Skip(first))
        {
            await DeliverAsync(queue, [batch], bytes[..batch.EncodedBytes]);
            bytes = bytes[batch.EncodedBytes..];
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Attempt> AppendAsync(PartitionQueue queue, ReadOnlyMemory<byte> bytes, TimeSpan left)
    {
        var known = queue.Topic.Known!;
        if (queue.Partition >= known.PartitionsCount)
        {
            return new Attempt(ErrorCode.UnknownTopicOrPartition, $"The topic '{known.Name}' has no partition {queue.Partition}.", null);
        }

        var start = time.GetTimestamp();
        var attempt = await CallAsync(
            known.Partition(queue.Partition), bytes, left < settings.RequestTimeout ? left : settings.RequestTimeout);
        ProducerMetrics.Appended(queue, time.GetElapsedTime(start), attempt.Error);
        return attempt;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Attempt> CallAsync(IPartitionGrain grain, ReadOnlyMemory<byte> bytes, TimeSpan timeout)
    {
        var request = new AppendRequest(bytes, settings.Acks);
        Task<AppendResult>? call = null;
        try
        {
            if (settings.Acks == Acks.None)
            {
                await grain.AppendUnacknowledged(request);
                return new Attempt(
                    ErrorCode.None, null, null,
                    new AppendResult(ErrorCode.None, Offset.None, Offset.None, Timestamp.None, Offset.None, null));
            }

            call = grain.Append(request).AsTask();
            var result = await call.WaitAsync(timeout, time);
            return result.Error == ErrorCode.None
                ? new Attempt(ErrorCode.None, null, null, result) { TopicVersion = result.TopicVersion }
                : new Attempt(result.Error, result.Detail, null) { TopicVersion = result.TopicVersion };
        }
        catch (TimeoutException late)
        {
            // The answer may still come, and with it an exception that nobody awaits.
            _ = call?.ContinueWith(
                static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return new Attempt(
                ErrorCode.RequestTimedOut, "The partition did not answer in time: the records may or may not be stored.", late);
        }
        catch (Exception exception)
        {
            return new Attempt(
                ErrorCode.NetworkException, $"The call of the partition failed: the records may or may not be stored. {exception.Message}",
                exception);
        }
    }

    /// <summary>Asks the topic again after an answer that shows that what is known of it is outdated.</summary>
    /// <returns>Whether the partition is gone for good, and how long to wait before the next attempt.</returns>
    private async ValueTask<(bool IsHopeless, TimeSpan Pause)> FollowTopicAsync(
        PartitionQueue queue, Attempt attempt, TimeSpan left, TimeSpan pause)
    {
        var outdated = queue.Topic.Known!;
        try
        {
            var timeout = left < settings.RequestTimeout ? left : settings.RequestTimeout;
            var known = await directory.RequireNewerAsync(outdated, attempt.TopicVersion, timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero);
            queue.Topic.Learn(known);
            return (queue.Partition >= known.PartitionsCount, known.Id == outdated.Id ? pause : TimeSpan.Zero);
        }
        catch (LoireException exception) when (exception.Code == ErrorCode.UnknownTopicOrPartition)
        {
            queue.Topic.Vanish();
            return (true, pause);
        }
        catch (LoireException)
        {
            // The topic is out of reach, as its partition may be: the next attempt asks again.
            return (false, pause);
        }
    }

    private static void Succeed(List<ProducerBatch> group, int first, AppendResult result)
    {
        var offset = result.BaseOffset;
        for (; first < group.Count; first++)
        {
            var batch = group[first];
            batch.Succeed(offset, result.LogAppendTime);
            offset = offset == Offset.None ? offset : offset + batch.RecordsCount;
        }

        Invariant.Check(
            result.BaseOffset == Offset.None || offset == result.LastOffset + 1, "every record of an append has got an offset of its own");
    }

    private static void Fail(List<ProducerBatch> group, int first, Attempt attempt, bool mayBeStored)
    {
        foreach (var batch in group.Skip(first))
        {
            batch.Fail(new DeliveryFailure(attempt.Error, mayBeStored, attempt.Text, attempt.Exception));
        }
    }

    /// <summary>Ends the batches whose time is up.</summary>
    /// <returns>The first one that is left; <paramref name="bytes"/> begins with it.</returns>
    private int Expire(List<ProducerBatch> group, int first, Attempt last, bool mayBeStored, ref ReadOnlyMemory<byte> bytes)
    {
        for (; first < group.Count && Left(group[first]) <= TimeSpan.Zero; first++)
        {
            var batch = group[first];
            bytes = bytes[batch.EncodedBytes..];
            batch.Fail(last.Error == ErrorCode.None
                ? new DeliveryFailure(
                    ErrorCode.RequestTimedOut, mayBeStored, "DeliveryTimeout passed before the records could be sent.", null)
                : new DeliveryFailure(
                    last.Error, mayBeStored,
                    $"DeliveryTimeout passed. The last answer: {last.Text ?? ErrorCodes.Describe(last.Error).Text}",
                    last.Exception));
        }

        return first;
    }

    private TimeSpan Left(ProducerBatch batch) => settings.DeliveryTimeout - time.GetElapsedTime(batch.OpenedAt);

    /// <summary>What one append came to.</summary>
    private readonly record struct Attempt(ErrorCode Error, string? Text, Exception? Exception, AppendResult? Result = null)
    {
        /// <summary>The version of the topic that the partition acted on; 0 if it did not say.</summary>
        public long TopicVersion { get; init; }

        public bool IsOutcomeUnknown => Error is ErrorCode.RequestTimedOut or ErrorCode.NetworkException or ErrorCode.UnknownServerError
            or ErrorCode.NotEnoughReplicasAfterAppend;
    }
}
