using System.Runtime.CompilerServices;
using Loire.Edge.Calls;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Microsoft.Extensions.Logging;

namespace Loire.Edge.Producing;

/// <summary>
/// Appends batches to their partitions. A refusal, by the partition or by Orleans before it ran, means that nothing was appended: it is
/// retried if the error is retriable, and immediately if the topic was recreated or smaller batches fit the topic's new limit. An append with an unknown outcome is not retried, because the
/// records may already be stored, unless the policy allows it. No wait exceeds the oldest batch's remaining
/// <see cref="ProducePolicy.DeliveryTimeout"/>. Thread-safe.
/// </summary>
/// <param name="topics">Refreshes outdated routes.</param>
/// <param name="policy">How to send and to retry.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Adds jitter to retries.</param>
/// <param name="logger">Logs retries and unexpected failures.</param>
/// <param name="background">Runs the senders; null to run them on the thread that adds records, until they wait.</param>
/// <param name="maxSpareBuilders">The maximum number of builders kept, with their buffers, for reuse.</param>
public sealed class BatchDelivery(
    TopicCache topics,
    ProducePolicy policy,
    TimeProvider time,
    Random random,
    ILogger logger,
    BackgroundWork? background = null,
    int maxSpareBuilders = 16) : IDisposable
{
    private static readonly AppendResult Unanswered =
        new(ErrorCode.None, Offset.None, Offset.None, Timestamp.None, Offset.None, null);

    private readonly Stack<RecordBatchBuilder> _spareBuilders = new();
    private bool _isDisposed;

    /// <summary>The cache of topic routes.</summary>
    public TopicCache Topics => topics;

    /// <summary>How to send and to retry.</summary>
    public ProducePolicy Policy => policy;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>The pause before a retry: doubles each time, with a jitter of 20%.</summary>
    /// <param name="retries">The number of retries so far.</param>
    public TimeSpan Backoff(int retries)
    {
        var pause = Math.Min(policy.RetryBackoffMax.Ticks, policy.RetryBackoff.Ticks * Math.Pow(2, Math.Min(retries, 40)));
        lock (random)
        {
            return TimeSpan.FromTicks((long)(pause * (0.8 + (0.4 * random.NextDouble()))));
        }
    }

    /// <summary>Disposes the spare builders; builders in use are disposed when they are returned.</summary>
    public void Dispose()
    {
        lock (_spareBuilders)
        {
            _isDisposed = true;
            while (_spareBuilders.TryPop(out var builder))
            {
                builder.Dispose();
            }
        }
    }

    internal RecordBatchBuilder RentBuilder()
    {
        lock (_spareBuilders)
        {
            return _spareBuilders.TryPop(out var spare) ? spare : new RecordBatchBuilder();
        }
    }

    internal void Recycle(RecordBatchBuilder builder)
    {
        builder.Reset();
        lock (_spareBuilders)
        {
            if (!_isDisposed && _spareBuilders.Count < maxSpareBuilders)
            {
                _spareBuilders.Push(builder);
                return;
            }
        }

        builder.Dispose();
    }

    internal void Start(Func<PartitionAccumulator, Task> send, PartitionAccumulator accumulator)
    {
        if (background is null)
        {
            _ = send(accumulator);
        }
        else
        {
            background.Start(send, accumulator);
        }
    }

    /// <summary>Delivers batches in one append where possible, separately otherwise. Every batch has ended afterwards.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask DeliverAsync(PartitionAccumulator target, List<PendingBatch> group)
    {
        try
        {
            await DeliverAsync(target, group, AppendBody.Encode(group, policy.Compression));
        }
        catch (Exception bug)
        {
            logger.DeliveryFailed(bug, target.Owner.Routes.Name, target.Partition);
            foreach (var batch in group.Where(batch => !batch.IsEnded))
            {
                batch.Fail(new AppendFailure(ErrorCode.UnknownServerError, IsOutcomeUnknown: true, "The append failed with an unexpected exception.", bug));
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask DeliverAsync(PartitionAccumulator target, List<PendingBatch> group, ReadOnlyMemory<byte> bytes)
    {
        var (first, retries) = (0, 0);
        AppendFailure? failure = null;
        while (true)
        {
            first = Expire(group, first, failure, ref bytes);
            if (first == group.Count)
            {
                return;
            }

            var routes = target.Owner.Routes;
            var attempt = await AppendAsync(target, routes, bytes, Left(group[first]));

            // With acks=0, the answer of a partition that has not read its topic yet does not show whether it exists.
            var isUnsure = attempt.Error == ErrorCode.None && target.Owner.Acks == Acks.None && attempt.Answer.TopicVersion == 0
                && !policy.UnacknowledgedIsOneWay;
            var fate = isUnsure || routes.IsOutdatedBy(attempt.Answer)
                ? await FollowAsync(target, routes, attempt.Answer.TopicVersion, Left(group[first]))
                : TopicFate.Kept;
            if (attempt.Error == ErrorCode.None && !(isUnsure && fate != TopicFate.Kept))
            {
                Succeed(group, first, attempt.Answer);
                return;
            }

            if (fate == TopicFate.Moved && !attempt.IsOutcomeUnknown)
            {
                continue;
            }

            var mayBeStored = attempt.IsOutcomeUnknown || failure is { IsOutcomeUnknown: true };
            failure = new AppendFailure(
                isUnsure ? ErrorCode.UnknownTopicOrPartition : attempt.Error, mayBeStored, attempt.Answer.Detail, attempt.Exception);
            var mayPass = fate != TopicFate.Gone
                && (attempt.IsOutcomeUnknown ? policy.RetryUnknownOutcomes
                    : policy.RetriesOnlyMoves ? GrainCallErrors.IsMoved(attempt.Error)
                    : ErrorCodes.Describe(attempt.Error).Retriable);
            if (!mayPass && !mayBeStored && fate != TopicFate.Gone)
            {
                if (group.Count - first > 1)
                {
                    // One batch caused the refusal; the others must not fail because of it.
                    await DeliverEachAsync(target, group, first, bytes);
                    return;
                }

                if (attempt.Error == ErrorCode.MessageTooLarge && group[first].IsGathered
                    && AppendBody.TrySplit(bytes.Span, target.Owner.Routes.MaxMessageBytes, policy.Compression, out var smaller))
                {
                    bytes = smaller;
                    group[first].EncodedBytes = smaller.Length;
                    continue;
                }
            }

            if (!mayPass || retries >= policy.Retries)
            {
                Fail(group, first, failure);
                return;
            }

            logger.AppendRetried(failure.Exception, routes.Name, target.Partition, ErrorCodes.Describe(failure.Code).Name);
            var (pause, left) = (Backoff(retries++), Left(group[first]));
            await Task.Delay(pause < left ? pause : left, time);
        }
    }

    private async Task DeliverEachAsync(PartitionAccumulator target, List<PendingBatch> group, int first, ReadOnlyMemory<byte> bytes)
    {
        for (; first < group.Count; first++)
        {
            var batch = group[first];
            await DeliverAsync(target, [batch], bytes[..batch.EncodedBytes]);
            if (policy.StopsAtFailure && batch.Failure is { } failure)
            {
                Fail(group, first + 1, failure);
                return;
            }

            bytes = bytes[batch.EncodedBytes..];
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Attempt> AppendAsync(PartitionAccumulator target, TopicRoutes routes, ReadOnlyMemory<byte> bytes, TimeSpan left)
    {
        if (target.Partition >= routes.PartitionsCount)
        {
            return Attempt.Failed(ErrorCode.UnknownTopicOrPartition, $"The topic '{routes.Name}' has no partition {target.Partition}.");
        }

        var start = time.GetTimestamp();
        using var transfer = topics.Transfers is { } transfers
            ? await transfers.BeginAsync(routes.LeaderOf(target.Partition), bytes.Length)
            : default;
        left -= time.GetElapsedTime(start);
        if (left <= TimeSpan.Zero)
        {
            return Attempt.Failed(ErrorCode.LeaderNotAvailable, "The connection to the leader was busy: nothing was sent.");
        }

        start = time.GetTimestamp();
        var attempt = await CallAsync(
            routes.Partition(target.Partition), new AppendRequest(bytes, target.Owner.Acks),
            left < policy.RequestTimeout ? left : policy.RequestTimeout);
        target.Owner.OnAppended(target.Partition, time.GetElapsedTime(start), attempt.Error);
        return attempt;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Attempt> CallAsync(IPartitionGrain grain, AppendRequest request, TimeSpan timeout)
    {
        Task<AppendResult>? call = null;
        try
        {
            if (request.Acks == Acks.None && policy.UnacknowledgedIsOneWay)
            {
                await grain.AppendUnacknowledged(request);
                return new Attempt(Unanswered);
            }

            call = grain.Append(request).AsTask();
            return new Attempt(await call.WaitAsync(timeout, time));
        }
        catch (Exception exception) when (GrainCallErrors.IsUndelivered(exception))
        {
            return Attempt.Failed(
                ErrorCode.LeaderNotAvailable, $"The call did not reach the partition: nothing was stored. {exception.Message}", exception);
        }
        catch (Exception exception) when (GrainCallErrors.Of(exception) == ErrorCode.RequestTimedOut)
        {
            // The abandoned call may still fail; observe its exception.
            _ = call?.ContinueWith(
                static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return Attempt.Failed(
                ErrorCode.RequestTimedOut, "The partition did not answer in time: the records may or may not be stored.", exception);
        }
        catch (Exception exception)
        {
            return Attempt.Failed(
                ErrorCode.NetworkException, $"The call of the partition failed: the records may or may not be stored. {exception.Message}",
                exception);
        }
    }

    /// <summary>Looks the topic up again after an answer shows that its routes are outdated.</summary>
    private async ValueTask<TopicFate> FollowAsync(PartitionAccumulator target, TopicRoutes outdated, long version, TimeSpan left)
    {
        var timeout = left < policy.RequestTimeout ? left : policy.RequestTimeout;
        var lookup = await topics.RefreshAsync(outdated, version, timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero);
        if (lookup.Error == ErrorCode.UnknownTopicOrPartition)
        {
            target.Owner.OnTopicGone();
            return TopicFate.Gone;
        }

        return lookup.Topic is not { } now ? TopicFate.Kept
            : !target.Owner.TryFollow(now) || target.Partition >= now.PartitionsCount ? TopicFate.Gone
            : now.Id != outdated.Id ? TopicFate.Moved
            : TopicFate.Kept;
    }

    private static void Succeed(List<PendingBatch> group, int first, AppendResult answer)
    {
        var offset = answer.BaseOffset;
        for (; first < group.Count; first++)
        {
            group[first].Succeed(offset, answer.LogAppendTime);
            offset = offset == Offset.None ? offset : offset + group[first].RecordsCount;
        }

        Invariant.Check(
            answer.BaseOffset == Offset.None || offset == answer.LastOffset + 1, "every record of an append has got an offset of its own");
    }

    private static void Fail(List<PendingBatch> group, int first, AppendFailure failure)
    {
        for (; first < group.Count; first++)
        {
            group[first].Fail(failure);
        }
    }

    /// <summary>Ends the batches whose delivery timeout has passed.</summary>
    /// <returns>The index of the first remaining batch, at which <paramref name="bytes"/> now begins.</returns>
    private int Expire(List<PendingBatch> group, int first, AppendFailure? last, ref ReadOnlyMemory<byte> bytes)
    {
        for (; first < group.Count && Left(group[first]) <= TimeSpan.Zero; first++)
        {
            bytes = bytes[group[first].EncodedBytes..];
            group[first].Fail(last is null
                ? new AppendFailure(ErrorCode.RequestTimedOut, false, "DeliveryTimeout passed before the records could be sent.", null)
                : last with { Text = $"DeliveryTimeout passed. The last answer: {last.Text ?? ErrorCodes.Describe(last.Code).Text}" });
        }

        return first;
    }

    private TimeSpan Left(PendingBatch batch) => policy.DeliveryTimeout - time.GetElapsedTime(batch.OpenedAt);

    /// <summary>The result of looking up the topic of an append again.</summary>
    private enum TopicFate
    {
        /// <summary>The same creation as before, or the topic could not be reached.</summary>
        Kept,

        /// <summary>Another creation of the topic, which has not been tried yet.</summary>
        Moved,

        /// <summary>The topic does not exist, or these records must not go to its new creation.</summary>
        Gone,
    }

    /// <summary>The result of one append.</summary>
    private readonly record struct Attempt(AppendResult Answer, Exception? Exception = null)
    {
        public ErrorCode Error => Answer.Error;

        public bool IsOutcomeUnknown => Error is ErrorCode.RequestTimedOut or ErrorCode.NetworkException or ErrorCode.UnknownServerError
            or ErrorCode.NotEnoughReplicasAfterAppend;

        public static Attempt Failed(ErrorCode error, string text, Exception? exception = null) =>
            new(Unanswered with { Error = error, Detail = text }, exception);
    }
}
