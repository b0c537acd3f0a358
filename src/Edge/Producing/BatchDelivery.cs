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
/// Appends batches to their partitions. A refusal means that nothing was appended: it is retried if the error is retriable, and at once where
/// the name of the topic has passed to another creation, or where smaller batches fit the topic's new limit. An append whose outcome is
/// unknown is not retried, unless the policy asks for it, because the records may be stored already. No wait is longer than what the oldest
/// batch has left of <see cref="ProducePolicy.DeliveryTimeout"/>. Thread-safe.
/// </summary>
/// <param name="topics">Finds topics again whose routes are outdated.</param>
/// <param name="policy">How to send and to retry.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Spreads retries.</param>
/// <param name="logger">Gets retries and bugs.</param>
/// <param name="background">Where senders run; null to run them on the thread that adds records, until they wait.</param>
/// <param name="maxSpareBuilders">Builders that are kept, with their buffers, for further batches.</param>
public sealed class BatchDelivery(
    TopicCache topics,
    ProducePolicy policy,
    TimeProvider time,
    Random random,
    ILogger logger,
    BackgroundWork? background = null,
    int maxSpareBuilders = 16) : IDisposable
{
    // What timers take; a longer time has no end.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(24);

    private readonly Stack<RecordBatchBuilder> _spareBuilders = new();
    private bool _isDisposed;

    /// <summary>Finds topics.</summary>
    public TopicCache Topics => topics;

    /// <summary>How to send and to retry.</summary>
    public ProducePolicy Policy => policy;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>The pause before a retry: doubled each time, a fifth more or less.</summary>
    /// <param name="retries">Retries so far.</param>
    public TimeSpan Backoff(int retries)
    {
        var pause = Math.Min(policy.RetryBackoffMax.Ticks, policy.RetryBackoff.Ticks * Math.Pow(2, Math.Min(retries, 40)));
        lock (random)
        {
            return TimeSpan.FromTicks((long)(pause * (0.8 + (0.4 * random.NextDouble()))));
        }
    }

    /// <summary>Frees the spare builders; later ones are freed as they return.</summary>
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

    /// <summary>Delivers batches in one append, as long as they can end together. Each has ended afterwards.</summary>
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
                batch.Fail(new AppendFailure(ErrorCode.UnknownServerError, IsOutcomeUnknown: true, "The append was ended by a bug.", bug));
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask DeliverAsync(PartitionAccumulator target, List<PendingBatch> group, ReadOnlyMemory<byte> bytes)
    {
        var attempt = default(Attempt);
        var (first, retries, mayBeStored) = (0, 0, false);
        while (true)
        {
            first = Expire(group, first, attempt, mayBeStored, ref bytes);
            if (first == group.Count)
            {
                return;
            }

            var routes = target.Owner.Routes;
            attempt = await AppendAsync(target, routes, bytes, Left(group[first]));
            var fate = attempt.Outdates(routes) ? await FollowAsync(target, routes, attempt, Left(group[first])) : TopicFate.Kept;
            if (attempt.Answer is { Error: ErrorCode.None } answer && (!attempt.IsUnsure || fate == TopicFate.Kept))
            {
                Succeed(group, first, answer);
                return;
            }

            if (fate == TopicFate.Moved && !attempt.IsOutcomeUnknown)
            {
                continue;
            }

            mayBeStored |= attempt.IsOutcomeUnknown;
            var mayPass = fate != TopicFate.Gone
                && (attempt.IsOutcomeUnknown ? policy.RetryUnknownOutcomes : ErrorCodes.Describe(attempt.Error).Retriable);
            if (!mayPass && !mayBeStored && fate != TopicFate.Gone)
            {
                if (group.Count - first > 1)
                {
                    // One of them is at fault, and the others must not suffer for it.
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
                Fail(group, first, attempt.ToFailure(mayBeStored));
                return;
            }

            logger.AppendRetried(attempt.Exception, routes.Name, target.Partition, ErrorCodes.Describe(attempt.Error).Name);
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
            return new Attempt(ErrorCode.UnknownTopicOrPartition, $"The topic '{routes.Name}' has no partition {target.Partition}.");
        }

        var start = time.GetTimestamp();
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
                return new Attempt(ErrorCode.None, null, Attempt.Unanswered);
            }

            AppendResult answer;
            if (timeout > LongestTimer)
            {
                answer = await grain.Append(request);
            }
            else
            {
                call = grain.Append(request).AsTask();
                answer = await call.WaitAsync(timeout, time);
            }

            return new Attempt(answer.Error, answer.Detail, answer) { IsUnsure = request.Acks == Acks.None && answer.TopicVersion == 0 };
        }
        catch (Exception exception) when (exception is TimeoutException || GrainCallErrors.Of(exception) == ErrorCode.RequestTimedOut)
        {
            // The answer may still come, and with it an exception that nobody awaits.
            _ = call?.ContinueWith(
                static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return new Attempt(
                ErrorCode.RequestTimedOut, "The partition did not answer in time: the records may or may not be stored.", Exception: exception);
        }
        catch (Exception exception)
        {
            return new Attempt(
                ErrorCode.NetworkException, $"The call of the partition failed: the records may or may not be stored. {exception.Message}",
                Exception: exception);
        }
    }

    /// <summary>Finds the topic again after an answer that shows that its routes are outdated.</summary>
    private async ValueTask<TopicFate> FollowAsync(PartitionAccumulator target, TopicRoutes outdated, Attempt attempt, TimeSpan left)
    {
        var timeout = left < policy.RequestTimeout ? left : policy.RequestTimeout;
        var lookup = await topics.RefreshAsync(
            outdated, attempt.TopicVersion,
            timeout > LongestTimer ? Timeout.InfiniteTimeSpan : timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero);
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
            var batch = group[first];
            var last = first == group.Count - 1 ? answer.LastOffset
                : offset == Offset.None ? Offset.None
                : offset + (batch.RecordsCount - 1);
            Invariant.Check(
                !batch.IsGathered || offset == Offset.None || last - offset == batch.RecordsCount - 1,
                "every record of an append has got an offset of its own");
            batch.Succeed(offset, last, answer.LogAppendTime);
            offset = last == Offset.None ? last : last + 1;
        }
    }

    private static void Fail(List<PendingBatch> group, int first, AppendFailure failure)
    {
        for (; first < group.Count; first++)
        {
            group[first].Fail(failure);
        }
    }

    /// <summary>Ends the batches whose time is up.</summary>
    /// <returns>The first one that is left; <paramref name="bytes"/> begins with it.</returns>
    private int Expire(List<PendingBatch> group, int first, Attempt last, bool mayBeStored, ref ReadOnlyMemory<byte> bytes)
    {
        for (; first < group.Count && Left(group[first]) <= TimeSpan.Zero; first++)
        {
            bytes = bytes[group[first].EncodedBytes..];
            group[first].Fail(last.Error == ErrorCode.None
                ? new AppendFailure(
                    ErrorCode.RequestTimedOut, mayBeStored, "DeliveryTimeout passed before the records could be sent.", null)
                : last.ToFailure(mayBeStored) with
                {
                    Text = $"DeliveryTimeout passed. The last answer: {last.Text ?? ErrorCodes.Describe(last.Error).Text}",
                });
        }

        return first;
    }

    private TimeSpan Left(PendingBatch batch) =>
        policy.DeliveryTimeout == TimeSpan.MaxValue ? TimeSpan.MaxValue : policy.DeliveryTimeout - time.GetElapsedTime(batch.OpenedAt);

    /// <summary>Where the partition of an append is now.</summary>
    private enum TopicFate
    {
        /// <summary>Where it was, as far as is known: the topic may be out of reach.</summary>
        Kept,

        /// <summary>In another creation of the topic, which has not been tried yet.</summary>
        Moved,

        /// <summary>Nowhere, or in another creation of the topic that these records must not go to.</summary>
        Gone,
    }

    /// <summary>What one append came to. The default is none.</summary>
    private readonly record struct Attempt(ErrorCode Error, string? Text, AppendResult? Answer = null, Exception? Exception = null)
    {
        public static readonly AppendResult Unanswered =
            new(ErrorCode.None, Offset.None, Offset.None, Timestamp.None, Offset.None, null);

        /// <summary>Whether the partition has not read its topic yet, so that it did not say whether it exists.</summary>
        public bool IsUnsure { get; init; }

        /// <summary>The version of the topic that the partition acted on; 0 if it did not say.</summary>
        public long TopicVersion => Answer?.TopicVersion ?? 0;

        public bool IsOutcomeUnknown => Error is ErrorCode.RequestTimedOut or ErrorCode.NetworkException or ErrorCode.UnknownServerError
            or ErrorCode.NotEnoughReplicasAfterAppend;

        public bool Outdates(TopicRoutes routes) => TopicVersion > routes.Version || TopicRoutes.IsUnknown(Error) || IsUnsure;

        public AppendFailure ToFailure(bool mayBeStored) =>
            new(Error == ErrorCode.None ? ErrorCode.UnknownTopicOrPartition : Error, mayBeStored, Text, Exception);
    }
}
