using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;

namespace Loire.Edge.Producing;

/// <summary>
/// The id of one producer, which all its partitions share: fetched when the first of them needs it, and again when one has spent it. Thread-safe.
/// </summary>
/// <param name="grains">Finds the grain that gives ids.</param>
/// <param name="time">The clock.</param>
/// <param name="timeout">How long one attempt waits for an id.</param>
internal sealed class IdempotentProducer(IGrainFactory grains, TimeProvider time, TimeSpan timeout)
{
    private readonly Lock _lock = new();
    private Task<AppendAttempt?> _fetch = Task.FromResult<AppendAttempt?>(null);
    private long _id = -1;
    private long _offUntil = long.MinValue;

    /// <summary>How long to do without idempotence before it is tried again.</summary>
    internal static readonly TimeSpan OffTime = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether batches are sent without a producer, because the cluster, or what a silo knows of it, does not support them yet
    /// (<see cref="ErrorCode.UnsupportedForMessageFormat"/>).
    /// </summary>
    public bool IsOff => Volatile.Read(ref _offUntil) > time.GetTimestamp();

    /// <summary>Sends batches without a producer for a while.</summary>
    public void TurnOff() => Volatile.Write(ref _offUntil, time.GetTimestamp() + (long)(OffTime.TotalSeconds * time.TimestampFrequency));

    /// <summary>The stamp of a partition's next batch.</summary>
    public BatchStamp Next(PartitionSequence sequence) => IsOff ? BatchStamp.None : sequence.Next;

    /// <summary>Ensures that a partition's next batch can be stamped. Partitions that wait for an id share the attempt to get one.</summary>
    /// <param name="sequence">The sequence of the partition.</param>
    /// <param name="left">How long to wait.</param>
    /// <returns>Null if it can; otherwise an attempt at an append that failed before anything was sent.</returns>
    public ValueTask<AppendAttempt?> PrepareAsync(PartitionSequence sequence, TimeSpan left) =>
        !sequence.NeedsId || IsOff ? new(default(AppendAttempt?)) : BeginAsync(sequence, left);

    private async ValueTask<AppendAttempt?> BeginAsync(PartitionSequence sequence, TimeSpan left)
    {
        Task<AppendAttempt?>? fetch = null;
        lock (_lock)
        {
            if (_id < 0 || _id == sequence.SpentId)
            {
                fetch = _fetch = _fetch.IsCompleted ? FetchAsync() : _fetch;
            }
        }

        try
        {
            if (fetch is not null && await fetch.WaitAsync(left, time) is { } failed)
            {
                return failed;
            }
        }
        catch (TimeoutException exception)
        {
            return Failed(ErrorCode.CoordinatorNotAvailable, "no answer in time", exception);
        }

        if (!IsOff)
        {
            sequence.Begin(Volatile.Read(ref _id));
        }

        return null;
    }

    private async Task<AppendAttempt?> FetchAsync()
    {
        IProducerIdGrain ids;
        try
        {
            ids = grains.GetGrain<IProducerIdGrain>(IProducerIdGrain.Key);
        }
        catch (ArgumentException)
        {
            // No silo of the cluster has such a grain: all are of an earlier version.
            TurnOff();
            return null;
        }

        try
        {
            var answer = await ids.Next().AsTask().WaitAsync(timeout, time);
            if (answer.Error != ErrorCode.None)
            {
                return Failed(
                    ErrorCodes.Describe(answer.Error).Retriable ? ErrorCode.CoordinatorNotAvailable : answer.Error,
                    ErrorCodes.Describe(answer.Error).Text, null);
            }

            Volatile.Write(ref _id, answer.Producer.Id);
            return null;
        }
        catch (Exception exception) when (GrainCallErrors.Of(exception) is not null)
        {
            return Failed(ErrorCode.CoordinatorNotAvailable, exception.Message, exception);
        }
    }

    private static AppendAttempt Failed(ErrorCode error, string why, Exception? exception) =>
        AppendAttempt.Failed(error, $"The producer got no id, so nothing was sent: {why}", exception);
}
