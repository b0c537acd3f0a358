using Loire.Coordination.Producers;
using Loire.Grains.Brokers;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Transactions;

/// <summary>
/// The producer ids of one silo, which takes a block of them at a time from the root. A block is given out only if its compare-and-swap is known to have
/// succeeded: after any other outcome the next one is taken, and at worst a thousand ids of 2⁶³ are lost. A silo that stops loses the rest of its block.
/// Concurrent callers share one fetch. Thread-safe.
/// </summary>
/// <param name="root">Has the counter of blocks.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs what keeps ids from being given.</param>
internal sealed partial class ProducerIds(IClusterRoot root, TimeProvider time, ILogger<ProducerIds> logger) : IProducerIds
{
    /// <summary>The name of the counter among the values of the root.</summary>
    public const string Key = "producer-ids";

    private const int Attempts = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private Task<ErrorCode> _fetch = Task.FromResult(ErrorCode.None);
    private long _next;
    private long _end;

    /// <inheritdoc/>
    public ValueTask<(ErrorCode Error, long Id)> NextAsync()
    {
        lock (_lock)
        {
            return _next < _end ? new((ErrorCode.None, _next++)) : new(AfterFetchAsync(Fetch()));
        }
    }

    private async Task<(ErrorCode Error, long Id)> AfterFetchAsync(Task<ErrorCode> fetch)
    {
        while (true)
        {
            var error = await fetch;
            lock (_lock)
            {
                if (error != ErrorCode.None || _next < _end)
                {
                    return error != ErrorCode.None ? (error, -1) : (error, _next++);
                }

                // More callers have waited than a block has ids.
                fetch = Fetch();
            }
        }
    }

    private Task<ErrorCode> Fetch() => _fetch = _fetch.IsCompleted ? FetchAsync() : _fetch;

    private async Task<ErrorCode> FetchAsync()
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (attempt > 0)
            {
                await Task.Delay(Pause, time);
            }

            try
            {
                var (error, first) = await TryTakeAsync();
                if (error != ErrorCode.None)
                {
                    return error;
                }

                if (first is { } taken)
                {
                    lock (_lock)
                    {
                        (_next, _end) = (taken, taken + ProducerIdBlocks.Size);
                    }

                    return ErrorCode.None;
                }
            }
            catch (Exception problem)
            {
                NotTaken(problem);
            }
        }

        return ErrorCode.CoordinatorNotAvailable;
    }

    /// <summary>Takes a block; none if another silo has taken it, which may also be an earlier attempt of this one.</summary>
    private async Task<(ErrorCode Error, long? First)> TryTakeAsync()
    {
        // Id 0 looks like none to some tools, so the first block is left out.
        long next = ProducerIdBlocks.Size;
        var isTaken = false;
        try
        {
            var (value, version) = await root.ReadAsync(Key);
            if (value is { } bytes && ProducerIdBlocks.IsOfLaterVersion(bytes.Span))
            {
                return (ErrorCode.UnsupportedVersion, null);
            }

            if (value is { } stored && !ProducerIdBlocks.TryRead(stored.Span, out next))
            {
                next = AfterDamage("Its bytes are no counter.");
            }

            isTaken = await root.CompareAndSwapAsync(Key, version, ProducerIdBlocks.Write(next + ProducerIdBlocks.Size));
        }
        catch (InvalidDataException damage)
        {
            next = AfterDamage(damage.Message);
            isTaken = await root.ReplaceDamagedAsync(Key, ProducerIdBlocks.Write(next + ProducerIdBlocks.Size));
        }

        return (ErrorCode.None, isTaken ? next : null);
    }

    private long AfterDamage(string damage)
    {
        var next = ProducerIdBlocks.After(Timestamp.From(time.GetUtcNow()));
        Damaged(damage, next);
        return next;
    }

    [LoggerMessage(1, LogLevel.Error, "The counter of producer ids in the store is damaged. It goes on from {Next}, which no producer has had. {Damage}")]
    private partial void Damaged(string damage, long next);

    [LoggerMessage(2, LogLevel.Warning, "No block of producer ids could be taken from the store; trying again.")]
    private partial void NotTaken(Exception problem);
}
