using Loire.Edge.Calls;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Edge.Producing;

/// <summary>
/// Makes appends that their caller has built as a whole, each of one partition, beside the batches that <see cref="BatchDelivery"/> gathers. An append is made
/// again while its partition moves, and after an unknown outcome if it may be repeated. Thread-safe.
/// </summary>
/// <param name="topics">Bounds what is under way to a leader.</param>
/// <param name="time">The clock.</param>
/// <param name="patience">How long to repeat: an attempt that fails later is the last.</param>
public sealed class DirectAppends(TopicCache topics, TimeProvider time, TimeSpan patience)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(320);

    private readonly AppendCalls _calls = new(topics, new ProducePolicy { BatchBytes = Limits.BatchBytes }, time);

    /// <summary>Appends.</summary>
    /// <param name="routes">The creation of the topic to append to.</param>
    /// <param name="partition">The partition, from 0 to <see cref="TopicRoutes.PartitionsCount"/> exclusive.</param>
    /// <param name="request">What to append; with an answer.</param>
    /// <param name="isRepeatable">Whether the batches have a producer, so that the partition recognizes a repetition.</param>
    public async Task<DirectAppend> AppendAsync(TopicRoutes routes, int partition, AppendRequest request, bool isRepeatable)
    {
        var (begun, pause, isInDoubt) = (time.GetTimestamp(), FirstPause, false);
        while (true)
        {
            AppendAttempt attempt;
            using (topics.Transfers is { } transfers ? await transfers.BeginAsync(routes.LeaderOf(partition), request.Batches.Length) : default)
            {
                attempt = await _calls.CallAsync(routes.Partition(partition), request, ProducePolicy.LongestTimeout);
            }

            isInDoubt |= attempt.IsOutcomeUnknown;
            var mayPass = attempt.IsOutcomeUnknown ? isRepeatable
                : GrainCallErrors.IsMoved(attempt.Error) || attempt.Error is ErrorCode.ConcurrentTransactions or ErrorCode.CoordinatorLoadInProgress;
            if (attempt.Error == ErrorCode.None || !mayPass || time.GetElapsedTime(begun) >= patience)
            {
                // What an attempt in doubt has appended is recognized, unless the partition could not be asked.
                return new DirectAppend(attempt.Answer, isInDoubt && attempt.Error != ErrorCode.None);
            }

            await Task.Delay(pause, time);
            pause = pause < LongestPause ? pause * 2 : pause;
        }
    }
}

/// <summary>The outcome of a direct append.</summary>
/// <param name="Answer">The partition's answer, or an error in its place.</param>
/// <param name="IsOutcomeUnknown">Whether the records may have been stored although the append failed.</param>
public readonly record struct DirectAppend(AppendResult Answer, bool IsOutcomeUnknown);
