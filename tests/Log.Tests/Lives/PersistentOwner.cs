using Loire.Log.Partitions;

namespace Loire.Log.Tests.Lives;

/// <summary>
/// An owner of a log that tries again what failed with an error that is worth it, with a new instance of the log where the one it had has closed,
/// as the grain of a partition and its producers do.
/// </summary>
internal sealed class PersistentOwner(LogUsers users, int maxAttempts = 30)
{
    private PartitionLog? _log;

    /// <summary>Leads the log and does something with it, until that succeeds.</summary>
    public Task DoAsync(string what, Func<PartitionLog, Task<ErrorCode>> work) => ReadAsync(what, async log =>
        await log.BecomeLeaderAsync(CancellationToken.None) is not ErrorCode.None and var error ? error : await work(log));

    /// <summary>Does something with the log that needs no leader, until that succeeds.</summary>
    public Task ReadAsync(string what, Func<PartitionLog, Task<ErrorCode>> work) => TryAsync(what, async () =>
    {
        if (_log is { IsLeader: false, CloseReason: not null })
        {
            await StopAsync();
        }

        var error = ErrorCode.None;
        if (_log is null)
        {
            var log = users.New();
            error = await log.OpenAsync(CancellationToken.None);
            _log = error == ErrorCode.None ? log : null;
        }

        return error == ErrorCode.None ? await work(_log!) : error;
    });

    /// <summary>Does something until it succeeds.</summary>
    public async Task TryAsync(string what, Func<Task<ErrorCode>> work)
    {
        for (var attempt = 1; ; attempt++)
        {
            var error = await work();
            if (error == ErrorCode.None)
            {
                return;
            }

            var isRetriable = error is ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.RequestTimedOut;
            Assert.True(isRetriable && attempt < maxAttempts, $"{what}: attempt {attempt} ends with {error} {_log?.CloseReason}");
            await Task.Delay(users.Pause, users.Time);
        }
    }

    /// <summary>Stops in good order.</summary>
    public async Task StopAsync()
    {
        if (_log is { } log)
        {
            _log = null;
            await log.DisposeAsync();
        }
    }
}
