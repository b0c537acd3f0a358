using System.Runtime.CompilerServices;
using Loire.Edge.Calls;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Edge.Producing;

/// <summary>Makes the calls of partitions, one for each attempt at an append. Thread-safe.</summary>
/// <param name="topics">Bounds what is under way to a leader.</param>
/// <param name="policy">How long to wait for an answer.</param>
/// <param name="time">The clock.</param>
internal sealed class AppendCalls(TopicCache topics, ProducePolicy policy, TimeProvider time)
{
    /// <summary>Attempts an append.</summary>
    /// <param name="target">The partition.</param>
    /// <param name="routes">The creation of the topic to append to.</param>
    /// <param name="batches">The batches.</param>
    /// <param name="left">How long the attempt may take at most.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AppendAttempt> AppendAsync(PartitionAccumulator target, TopicRoutes routes, AppendBatches batches, TimeSpan left)
    {
        if (target.Partition >= routes.PartitionsCount)
        {
            return AppendAttempt.Failed(ErrorCode.UnknownTopicOrPartition, $"The topic '{routes.Name}' has no partition {target.Partition}.");
        }

        var start = time.GetTimestamp();
        using var transfer = topics.Transfers is { } transfers
            ? await transfers.BeginAsync(routes.LeaderOf(target.Partition), batches.Length)
            : default;
        left -= time.GetElapsedTime(start);
        if (left <= TimeSpan.Zero)
        {
            return AppendAttempt.Failed(ErrorCode.LeaderNotAvailable, "The connection to the leader was busy: nothing was sent.");
        }

        start = time.GetTimestamp();
        var attempt = await CallAsync(
            routes.Partition(target.Partition), Request(target.Owner, batches),
            left < policy.RequestTimeout ? left : policy.RequestTimeout);
        target.Owner.OnAppended(target.Partition, time.GetElapsedTime(start), attempt.Error);
        return attempt;
    }

    private AppendRequest Request(IAccumulatorOwner owner, AppendBatches batches) => owner.Transaction is { } transaction
        ? new AppendRequest(batches, owner.Acks, Transaction: transaction.Id, Version: transaction.Version)
        : new AppendRequest(batches, owner.Acks, Transaction: policy.Transaction?.Id);

    /// <summary>Calls a partition once.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AppendAttempt> CallAsync(IPartitionGrain grain, AppendRequest request, TimeSpan timeout)
    {
        Task<AppendResult>? call = null;
        try
        {
            if (request.Acks == Acks.None && policy.UnacknowledgedIsOneWay)
            {
                await grain.AppendUnacknowledged(request);
                return new AppendAttempt(AppendAttempt.Unanswered);
            }

            call = grain.Append(request).AsTask();
            return new AppendAttempt(await call.WaitAsync(timeout, time));
        }
        catch (Exception exception) when (GrainCallErrors.IsUndelivered(exception))
        {
            return AppendAttempt.Failed(
                ErrorCode.LeaderNotAvailable, $"The call did not reach the partition: nothing was stored. {exception.Message}", exception);
        }
        catch (Exception exception) when (GrainCallErrors.Of(exception) == ErrorCode.RequestTimedOut)
        {
            // The abandoned call may still fail; observe its exception.
            _ = call?.ContinueWith(
                static task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return AppendAttempt.Failed(
                ErrorCode.RequestTimedOut, "The partition did not answer in time: the records may or may not be stored.", exception);
        }
        catch (Exception exception)
        {
            return AppendAttempt.Failed(
                ErrorCode.NetworkException, $"The call of the partition failed: the records may or may not be stored. {exception.Message}",
                exception);
        }
    }
}

/// <summary>The result of one attempt at an append.</summary>
/// <param name="Answer">The partition's answer, or an error in its place.</param>
/// <param name="Exception">The exception of the failed call, if there is one.</param>
internal readonly record struct AppendAttempt(AppendResult Answer, Exception? Exception = null)
{
    /// <summary>What stands for the answer to a one-way call.</summary>
    public static readonly AppendResult Unanswered = new(ErrorCode.None, Offset.None, Offset.None, Timestamp.None, Offset.None, null);

    /// <summary><see cref="ErrorCode.None"/>, or why the append failed.</summary>
    public ErrorCode Error => Answer.Error;

    /// <summary>Whether the records may have been stored although the append failed.</summary>
    public bool IsOutcomeUnknown => Error is ErrorCode.RequestTimedOut or ErrorCode.NetworkException or ErrorCode.UnknownServerError
        or ErrorCode.NotEnoughReplicasAfterAppend;

    /// <summary>
    /// Whether the partition does not know the producer as the producer knows itself: it has forgotten it, or another one has taken over. Nothing was
    /// appended by this attempt.
    /// </summary>
    public bool IsOutOfSequence => Error is ErrorCode.OutOfOrderSequenceNumber or ErrorCode.UnknownProducerId or ErrorCode.InvalidProducerEpoch;

    /// <summary>An attempt without an answer.</summary>
    public static AppendAttempt Failed(ErrorCode error, string text, Exception? exception = null) =>
        new(Unanswered with { Error = error, Detail = text }, exception);
}
