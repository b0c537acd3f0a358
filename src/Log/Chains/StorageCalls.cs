using Loire.Log.Objects;
using Orleans.Storage;

namespace Loire.Log.Chains;

/// <summary>The outcome of one modifying call to storage.</summary>
internal enum CallEnd
{
    /// <summary>The call took effect.</summary>
    Done,

    /// <summary>
    /// The object has another version than the call requires. With a storage client that retries, the other version may be our own.
    /// </summary>
    ConditionFailed,

    /// <summary>The call took no effect: the store is full or overloaded, or damage hides whether the condition holds.</summary>
    Refused,

    /// <summary>The store accepts no more writes.</summary>
    Broken,

    /// <summary>The call may have taken effect, or may still do so.</summary>
    Unknown,
}

/// <summary>The bytes under a key.</summary>
internal readonly record struct StoredBytes(FetchStatus Status, ReadOnlyMemory<byte> Bytes, string? ETag);

/// <summary>The retry budget of a storage operation: its deadline and the next pause.</summary>
internal struct RetryBudget(long started, TimeSpan pause)
{
    /// <summary>When the operation started.</summary>
    public readonly long Started => started;

    /// <summary>The next pause, before jitter.</summary>
    public TimeSpan Pause { get; set; } = pause;
}

/// <summary>
/// Single calls of grain storage for one log, with exceptions mapped to outcomes. A call that has not completed at the deadline has an
/// unknown outcome.
/// </summary>
internal sealed class StorageCalls(IGrainStorage storage, LogName name, Guid writer, ChainOptions options, TimeProvider time)
{
    private Random? _jitter;

    /// <summary>The instruments of the log.</summary>
    public LogMetrics Metrics => options.Metrics;

    /// <summary>The incarnation of the log, which is part of keys.</summary>
    public Guid? Incarnation { get; set; }

    /// <summary>The message of the last exception of the provider; null if there was none.</summary>
    public string? LastProblem { get; private set; }

    /// <summary>Whether the store can list the log's objects.</summary>
    public bool CanList => options.Listing is not null;

    /// <summary>Creates the budget of an operation that starts now.</summary>
    public RetryBudget Begin() => new(time.GetTimestamp(), options.RetryDelayMin);

    /// <summary>Reads the object under a key.</summary>
    public async Task<StoredBytes> ReadAsync(ObjectKey key, RetryBudget budget)
    {
        var state = new GrainState<StoredObject>(new StoredObject());
        try
        {
            await Bounded(storage.ReadStateAsync(LogStorage.StateName, name.IdOf(key, Incarnation), state), budget);
        }
        catch (StorageDamagedException problem)
        {
            Note(problem);
            return new StoredBytes(FetchStatus.Damaged, OnePiece(state.State), state.ETag);
        }
        catch (Exception problem)
        {
            Note(problem);
            return new StoredBytes(FetchStatus.Unreachable, default, null);
        }

        // An object truncated to nothing is not absent: some providers report no record for it, but return its version.
        return string.IsNullOrEmpty(state.ETag) && !state.RecordExists
            ? new StoredBytes(FetchStatus.Absent, default, null)
            : new StoredBytes(FetchStatus.Found, OnePiece(state.State), state.ETag);
    }

    /// <summary>
    /// Writes once, on the condition that the object has the version <paramref name="etag"/>, null for none; returns the new version.
    /// </summary>
    public async Task<(CallEnd End, string? ETag)> WriteAsync(ObjectKey key, StoredObject content, string? etag, RetryBudget budget)
    {
        var state = new GrainState<StoredObject>(content) { ETag = etag!, RecordExists = etag is not null };
        var end = await RunAsync(() => storage.WriteStateAsync(LogStorage.StateName, name.IdOf(key, Incarnation), state), budget);
        return (end, state.ETag);
    }

    /// <summary>Deletes once, on the condition that the object has the version <paramref name="etag"/>.</summary>
    public Task<CallEnd> ClearAsync(ObjectKey key, string etag)
    {
        var state = new GrainState<StoredObject>(new StoredObject()) { ETag = etag, RecordExists = true };
        return RunAsync(() => storage.ClearStateAsync(LogStorage.StateName, name.IdOf(key, Incarnation), state), Begin());
    }

    /// <summary>
    /// Lists the keys of the log, of all its incarnations, the head's included; null if that fails, or if the store cannot list.
    /// </summary>
    public async Task<List<(Guid? Incarnation, ObjectKey Key)>?> ListAsync()
    {
        if (options.Listing is not { } listing)
        {
            return null;
        }

        var keys = new List<(Guid? Incarnation, ObjectKey Key)>();
        using var deadline = new CancellationTokenSource(options.UnknownOutcomeDeadline, time);
        try
        {
            await foreach (var id in listing.ListAsync(LogStorage.StateName, name.KeyPrefix, deadline.Token))
            {
                if (ObjectKey.TryParse(id.AsSpan(name.KeyPrefix.Length), out var incarnation, out var key))
                {
                    keys.Add((incarnation, key));
                }
            }

            return keys;
        }
        catch (Exception problem)
        {
            Note(problem);
            return null;
        }
    }

    /// <summary>
    /// Waits before the next attempt; false if the deadline comes first. Jitter keeps many logs from retrying in step.
    /// </summary>
    public async Task<(bool InTime, RetryBudget Next)> PauseAsync(RetryBudget budget)
    {
        var remaining = Remaining(budget);
        if (remaining == TimeSpan.Zero)
        {
            return (false, budget);
        }

        _jitter ??= new Random(writer.GetHashCode());
        var pause = budget.Pause * (0.5 + (_jitter.NextDouble() / 2));
        await Task.Delay(pause < remaining ? pause : remaining, time);
        var longer = budget.Pause * 2;
        return (true, budget with { Pause = longer < options.RetryDelayMax ? longer : options.RetryDelayMax });
    }

    private static ReadOnlyMemory<byte> OnePiece(StoredObject? stored)
    {
        if (stored is null || stored.Pieces.Length == 0)
        {
            return default;
        }

        if (stored.Pieces.Length == 1)
        {
            return stored.Pieces[0];
        }

        var bytes = new byte[stored.Length];
        var at = 0;
        foreach (var piece in stored.Pieces)
        {
            piece.CopyTo(bytes.AsMemory(at));
            at += piece.Length;
        }

        return bytes;
    }

    private async Task<CallEnd> RunAsync(Func<Task> call, RetryBudget budget)
    {
        try
        {
            // A provider may throw instead of returning a failed task.
            await Bounded(call(), budget);
            return CallEnd.Done;
        }
        catch (InconsistentStateException problem)
        {
            Note(problem);
            return CallEnd.ConditionFailed;
        }
        catch (Exception problem) when (problem is StorageFullException or StorageOverloadedException or StorageDamagedException)
        {
            Note(problem);
            return CallEnd.Refused;
        }
        catch (StorageBrokenException problem)
        {
            Note(problem);
            return CallEnd.Broken;
        }
        catch (Exception problem)
        {
            Note(problem);
            Metrics.UnknownOutcomes.Add(1);
            return CallEnd.Unknown;
        }
    }

    private void Note(Exception problem) => LastProblem = $"{problem.GetType().Name}: {problem.Message}";

    private TimeSpan Remaining(RetryBudget budget)
    {
        var remaining = options.UnknownOutcomeDeadline - time.GetElapsedTime(budget.Started);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }

    private Task Bounded(Task call, RetryBudget budget) => call.IsCompleted ? call : call.WaitAsync(Remaining(budget), time);
}
