using System.Threading.Channels;
using Loire.Grains.Brokers;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Turns;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Placement;

/// <summary>
/// Moves the partitions of this silo that another broker should lead: after a broker has come back, after a rebalance, and all grains before
/// this silo stops. A few at a time, and without failing calls. One per silo.
/// </summary>
internal sealed partial class LeadershipMoves(
    ServingBrokers brokers, PartitionLeaders leaders, ActiveDrivers active, IClusterMembershipService membership, ILocalSiloDetails self,
    IGrainFactory grains, PlacementMetrics metrics, TimeProvider time, ILogger<LeadershipMoves> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    // A move closes a log and opens it elsewhere: a few storage calls, which must not crowd out those of the clients.
    private const int AtOnce = 8;
    private const int AtOnceToDrain = 64;

    // A call that does not end keeps its activation from moving; the others must not wait for it.
    private static readonly TimeSpan MoveWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(30);

    // A silo that has not heard of a change yet may place where it was what has just been moved.
    private static readonly TimeSpan AfterMoves = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BetweenRechecks = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenDrains = TimeSpan.FromMilliseconds(20);

    // Calls that were sent here are forwarded, and their answers tell the senders where the grain is now. A silo that stops forwards less surely.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    private readonly Channel<bool> _look = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private Task _draining = Task.CompletedTask;
    private long _lastDrained;
    private volatile bool _isGivingUp;
    private int _drained;

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(LeadershipMoves), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public void Dispose() => _stop.Dispose();

    /// <summary>Looks again which broker leads the partitions of a topic, whose preferred leaders may have changed.</summary>
    public void Recheck(TopicId topic)
    {
        leaders.Forget(topic);
        _look.Writer.TryWrite(true);
    }

    /// <summary>
    /// Moves every grain that parks calls to other silos, and takes no partition back. Does nothing if there is no other broker.
    /// </summary>
    /// <returns>How many activations have ended here.</returns>
    public async Task<int> DrainAsync(CancellationToken cancellation)
    {
        if (!brokers.All.Any(broker => !brokers.IsSelf(broker)))
        {
            return 0;
        }

        LogDraining(logger, Moving.Count);
        brokers.ExcludeSelf();
        await Task.WhenAll(brokers.All.Select(TellAsync));
        active.TurnAway();
        Volatile.Write(ref _lastDrained, time.GetTimestamp());
        _draining = GiveUpAllAsync(_stop.Token);
        try
        {
            while (_isGivingUp || Moving.Count > 0 || time.GetElapsedTime(Volatile.Read(ref _lastDrained)) < Quiet)
            {
                await Task.Delay(BetweenDrains, time, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
        }

        LogDrained(logger, _drained, Moving.Count);
        return _drained;
    }

    private async Task TellAsync(ServingBroker broker)
    {
        try
        {
            await grains.GetGrain<IBrokerGrain>(broker.Id).Leaving(self.SiloAddress);
        }
        catch (Exception)
        {
            // It may send grains here, which are sent back.
        }
    }

    /// <summary>Moves whatever there is, and whatever comes, until this silo stops.</summary>
    private async Task GiveUpAllAsync(CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            for (; !stop.IsCancellationRequested; await Task.Delay(BetweenDrains, time, stop))
            {
                if (Moving is { Count: > 0 } rest)
                {
                    _isGivingUp = true;
                    _drained += await MoveAsync(First(rest), AtOnceToDrain, "drain", stop);
                    Volatile.Write(ref _lastDrained, time.GetTimestamp());
                    _isGivingUp = false;
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception bug)
        {
            LogFailed(logger, bug);
        }
        finally
        {
            _isGivingUp = false;
        }
    }

    /// <summary>Those that move before the others: what the others ask before they serve, as long as there is any.</summary>
    internal static List<IMoving> First(List<IMoving> drivers) =>
        drivers.Exists(driver => driver.IsAskedByOthers) ? drivers.FindAll(driver => driver.IsAskedByOthers) : drivers;

    private List<IMoving> Moving => [.. active.OfType<IMoving>()];

    private Task StartAsync(CancellationToken cancellation)
    {
        _running = Task.WhenAll(WatchAsync(_stop.Token), RunAsync(_stop.Token));
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellation)
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running, _draining);
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await foreach (var _ in membership.MembershipUpdates.WithCancellation(stop))
            {
                _look.Writer.TryWrite(true);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task RunAsync(CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await using var timer = time.CreateTimer(_ => _look.Writer.TryWrite(true), null, BetweenLooks, BetweenLooks);
        try
        {
            await foreach (var _ in _look.Reader.ReadAllAsync(stop))
            {
                if (await MoveMisplacedAsync(stop) > 0)
                {
                    timer.Change(AfterMoves, BetweenLooks);
                }

                // A change of a topic's settings calls for a look at each of its partitions: one look serves many of them.
                await Task.Delay(BetweenRechecks, time, stop);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task<int> MoveMisplacedAsync(CancellationToken stop)
    {
        try
        {
            var misplaced = new List<IMoving>();
            foreach (var partition in active.OfType<ILedPartition>())
            {
                if (await leaders.FindAsync(partition.Key, mayGuess: false) is { } leader && !brokers.IsSelf(leader))
                {
                    misplaced.Add(partition);
                }
            }

            metrics.Misplaced = misplaced.Count;
            if (misplaced.Count > 0 && !brokers.IsDraining)
            {
                var moved = await MoveAsync(misplaced, AtOnce, "leader", stop);
                metrics.Misplaced = misplaced.Count - moved;
                LogMoved(logger, moved);
                return moved;
            }
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            LogFailed(logger, bug);
        }

        return 0;
    }

    private async Task<int> MoveAsync(List<IMoving> drivers, int atOnce, string reason, CancellationToken cancellation)
    {
        var moved = 0;
        await BoundedCalls.ForEach(drivers, atOnce, async driver =>
        {
            if (!cancellation.IsCancellationRequested)
            {
                try
                {
                    await active.MoveAsync(driver).WaitAsync(MoveWithin, time, cancellation);
                    metrics.Moved(reason);
                    Interlocked.Increment(ref moved);
                }
                catch (TimeoutException)
                {
                    LogSlow(logger, driver.GetType().Name, MoveWithin.TotalSeconds);
                }
            }

            return ErrorCode.None;
        });
        return moved;
    }

    [LoggerMessage(1, LogLevel.Information, "This broker drains: {Count} grains move to other brokers.")]
    private static partial void LogDraining(ILogger logger, int count);

    [LoggerMessage(2, LogLevel.Information, "This broker has drained: {Moved} grains have moved, {Left} are left.")]
    private static partial void LogDrained(ILogger logger, int moved, int left);

    [LoggerMessage(3, LogLevel.Information, "{Count} partitions have moved to the brokers that should lead them.")]
    private static partial void LogMoved(ILogger logger, int count);

    [LoggerMessage(5, LogLevel.Warning, "A grain ({Driver}) that should move has had calls under way for {Seconds} s.")]
    private static partial void LogSlow(ILogger logger, string driver, double seconds);

    [LoggerMessage(4, LogLevel.Error, "The partitions that other brokers should lead could not be moved.")]
    private static partial void LogFailed(ILogger logger, Exception bug);
}
