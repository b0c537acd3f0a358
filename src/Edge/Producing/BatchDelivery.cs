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
/// retried if the error is retriable, and immediately if the topic was recreated or smaller batches fit the topic's new limit. An append with an unknown
/// outcome is sent again, byte for byte, if its batches have a producer (<see cref="ProducePolicy.IsIdempotent"/>): the partition then answers with the offsets of
/// the first attempt. Otherwise it is not, because the records may already be stored, unless the policy allows it. No wait exceeds the oldest batch's remaining
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
    private readonly AppendCalls _calls = new(topics, policy, time);
    private readonly IdempotentProducer? _producer = policy is { IsIdempotent: true, Transaction: null }
        ? new IdempotentProducer(topics.Grains, time, policy.RequestTimeout)
        : null;
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
            var stamp = Next(target.Sequence);
            await DeliverAsync(target, group, AppendBody.Encode(group, policy.Compression, stamp), stamp);
        }
        catch (Exception bug)
        {
            logger.DeliveryFailed(bug, target.Owner.Routes.Name, target.Partition);
            target.Sequence?.Raise();
            var failure = new AppendFailure(ErrorCode.UnknownServerError, IsOutcomeUnknown: true, "The append failed with an unexpected exception.", bug);
            policy.Transaction?.Fail(failure);
            foreach (var batch in group.Where(batch => !batch.IsEnded))
            {
                batch.Fail(failure);
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask DeliverAsync(PartitionAccumulator target, List<PendingBatch> group, AppendBatches bytes, BatchStamp stamp)
    {
        // The batches from sent on are in the bytes, those from first on have not ended. Only while an idempotent append is in doubt may first be ahead:
        // the same bytes are sent again then, whichever callers have given up.
        var (sent, first, retries) = (0, 0, 0);
        var (isInDoubt, hasBegunAnew) = (false, false);
        AppendFailure? failure = null;
        while (true)
        {
            first = Expire(group, first, failure);
            if (policy.Transaction is { Failure: { } aborted } && first < group.Count)
            {
                Fail(group, first, new AppendFailure(
                    ErrorCode.TransactionAbortable, isInDoubt, "The transaction can only be aborted: records before this one were not stored.", aborted.Exception));
                return;
            }

            var routes = target.Owner.Routes;
            isInDoubt &= target.Sequence?.Follow(routes.Id) is not true;
            for (; !isInDoubt && sent < first; sent++)
            {
                bytes = bytes[group[sent].EncodedBytes..];
            }

            if (first == group.Count)
            {
                GiveUp(target, isInDoubt);
                return;
            }

            var unready = isInDoubt || _producer is not { } producer || target.Sequence is not { } sequence ? null : await producer.PrepareAsync(sequence, Left(group[first]));
            if (unready is null && !isInDoubt && Next(target.Sequence) is var next && next != stamp)
            {
                // What was sent before belongs to the broker.
                (bytes, stamp) = (AppendBody.Restamp(bytes, next), next);
            }

            policy.Transaction?.Write();
            var attempt = unready ?? await _calls.AppendAsync(target, routes, bytes, Left(group[first]));

            // With acks=0, the answer of a partition that has not read its topic yet does not show whether it exists.
            var isUnsure = attempt.Error == ErrorCode.None && target.Owner.Acks == Acks.None && attempt.Answer.TopicVersion == 0
                && !policy.UnacknowledgedIsOneWay;
            var fate = isUnsure || routes.IsOutdatedBy(attempt.Answer)
                ? await FollowAsync(target, routes, attempt.Answer.TopicVersion, Left(group[first]))
                : TopicFate.Kept;
            if (attempt.Error == ErrorCode.None && !(isUnsure && fate != TopicFate.Kept))
            {
                Succeed(target, group, sent, first, attempt.Answer, isIdempotent: !stamp.IsNone);
                return;
            }

            if (fate == TopicFate.Moved && !attempt.IsOutcomeUnknown)
            {
                continue;
            }

            isInDoubt |= attempt.IsOutcomeUnknown && !stamp.IsNone;
            if (!stamp.IsNone && !stamp.IsTransactional && TryBeginAnew(target.Sequence!, attempt) && !isInDoubt && !hasBegunAnew)
            {
                hasBegunAnew = true;
                continue;
            }

            var mayBeStored = attempt.IsOutcomeUnknown || failure is { IsOutcomeUnknown: true };
            var code = isUnsure ? ErrorCode.UnknownTopicOrPartition : attempt.Error;
            failure = new AppendFailure(code, mayBeStored, attempt.Answer.Detail, attempt.Exception) { Demands = attempt.Answer.Demands };
            var mayPass = fate != TopicFate.Gone
                && (attempt.IsOutcomeUnknown ? policy.RetryUnknownOutcomes || isInDoubt
                    : policy.RetriesOnlyMoves ? GrainCallErrors.IsMoved(attempt.Error)
                    : ErrorCodes.Describe(attempt.Error).Retriable || (attempt.IsOutOfSequence && !isInDoubt && !stamp.IsTransactional));
            if (!mayPass && !mayBeStored && fate != TopicFate.Gone)
            {
                if (group.Count - first > 1)
                {
                    // One batch caused the refusal; the others must not fail because of it.
                    await DeliverEachAsync(target, group, first, bytes, stamp);
                    return;
                }

                if (attempt.Error == ErrorCode.MessageTooLarge && group[first].IsGathered
                    && AppendBody.TrySplit(bytes, target.Owner.Routes.MaxMessageBytes, policy.Compression, out var smaller))
                {
                    // Stamped before they are sent.
                    (bytes, stamp, group[first].EncodedBytes) = (smaller, BatchStamp.None, smaller.Length);
                    continue;
                }
            }

            if (!mayPass || retries >= policy.Retries)
            {
                GiveUp(target, isInDoubt);
                Fail(group, first, failure);
                return;
            }

            logger.AppendRetried(failure.Exception, routes.Name, target.Partition, ErrorCodes.Describe(failure.Code).Name);
            var (pause, left) = (Backoff(retries++), Left(group[first]));
            await Task.Delay(pause < left ? pause : left, time);
        }
    }

    private async Task DeliverEachAsync(
        PartitionAccumulator target, List<PendingBatch> group, int first, AppendBatches bytes, BatchStamp stamp)
    {
        for (; first < group.Count; first++)
        {
            var batch = group[first];
            await DeliverAsync(target, [batch], bytes[..batch.EncodedBytes], stamp);
            if (policy.StopsAtFailure && batch.Failure is { } failure)
            {
                Fail(group, first + 1, failure);
                return;
            }

            (bytes, stamp) = (bytes[batch.EncodedBytes..], stamp.After(batch.RecordsCount));
        }
    }

    private BatchStamp Next(PartitionSequence? sequence)
    {
        if (sequence is null || policy.Transaction is not { } transaction)
        {
            return sequence is null ? BatchStamp.None : _producer!.Next(sequence);
        }

        sequence.Continue(transaction.Producer);
        return sequence.Next;
    }

    /// <summary>Changes how batches are stamped after a refusal that other stamps overcome.</summary>
    /// <returns>Whether it was such a refusal.</returns>
    private bool TryBeginAnew(PartitionSequence sequence, in AppendAttempt attempt)
    {
        if (attempt.Error == ErrorCode.UnsupportedForMessageFormat)
        {
            _producer!.TurnOff();
            return true;
        }

        if (attempt.Error == ErrorCode.InvalidProducerEpoch)
        {
            sequence.Renew();
        }
        else if (attempt.IsOutOfSequence)
        {
            sequence.Raise();
        }

        return attempt.IsOutOfSequence;
    }

    /// <summary>Fences an append that may still be stored.</summary>
    private static void GiveUp(PartitionAccumulator target, bool isInDoubt)
    {
        if (isInDoubt)
        {
            target.Sequence!.Raise();
        }
    }

    /// <summary>Looks the topic up again after an answer shows that its routes are outdated.</summary>
    private async ValueTask<TopicFate> FollowAsync(PartitionAccumulator target, TopicRoutes outdated, long version, TimeSpan left)
    {
        var lookup = await topics.RefreshAsync(outdated, version, left < policy.RequestTimeout ? left : policy.RequestTimeout);
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

    private static void Succeed(
        PartitionAccumulator target, List<PendingBatch> group, int sent, int first, AppendResult answer, bool isIdempotent)
    {
        var records = 0;
        for (var i = sent; i < group.Count; i++)
        {
            records += group[i].RecordsCount;
        }

        if (isIdempotent)
        {
            target.Sequence!.Advance(records);
        }

        var from = 0;
        for (; sent < group.Count; sent++)
        {
            if (sent >= first)
            {
                group[sent].Succeed(OffsetOf(answer, from, group[sent].RecordsCount, records), answer.LogAppendTime, answer.LogStartOffset);
            }

            from += group[sent].RecordsCount;
        }
    }

    /// <summary>The offset of a batch's first record. Records that were stored by an earlier attempt need not lie directly before those of this one.</summary>
    private static Offset OffsetOf(AppendResult answer, int from, int count, int records)
    {
        if (answer.BaseOffset == Offset.None)
        {
            return Offset.None;
        }

        var isWhole = answer.LastOffset - answer.BaseOffset == records - 1;
        Invariant.Check(isWhole || answer.Repeated > 0, "every record of an append has got an offset of its own");
        return isWhole || from + count <= answer.Repeated ? answer.BaseOffset + from
            : from >= answer.Repeated ? answer.LastOffset + (1 - (records - from))
            : Offset.None;
    }

    private void Fail(List<PendingBatch> group, int first, AppendFailure failure)
    {
        policy.Transaction?.Fail(failure);
        for (; first < group.Count; first++)
        {
            group[first].Fail(failure);
        }
    }

    /// <summary>Ends the batches whose delivery timeout has passed.</summary>
    /// <returns>The index of the first remaining batch.</returns>
    private int Expire(List<PendingBatch> group, int first, AppendFailure? last)
    {
        for (; first < group.Count && Left(group[first]) == TimeSpan.Zero; first++)
        {
            var failure = last is null
                ? new AppendFailure(ErrorCode.RequestTimedOut, false, "DeliveryTimeout passed before the records could be sent.", null)
                : last with { Text = $"DeliveryTimeout passed. The last answer: {last.Text ?? ErrorCodes.Describe(last.Code).Text}" };
            policy.Transaction?.Fail(failure);
            group[first].Fail(failure);
        }

        return first;
    }

    /// <summary>How long a batch may still wait. Never negative: a wait of −1 ms would be one without end.</summary>
    private TimeSpan Left(PendingBatch batch)
    {
        var left = policy.DeliveryTimeout - time.GetElapsedTime(batch.OpenedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

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
}
