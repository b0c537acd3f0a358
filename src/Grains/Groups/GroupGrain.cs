using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Placement;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.Model.Groups;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Loire.Grains.Groups;

/// <summary>
/// The shell of a <see cref="GroupDriver"/>: identity, activation, and one timer. An invalid group id is answered with
/// <see cref="ErrorCode.InvalidGroupId"/> and takes no memory; only to the end of a transaction, which is told until it succeeds, it is a group that does
/// not exist. An exception is a bug in the driver and ends the activation.
/// </summary>
[Reentrant]
[SpreadPlacement]
[Immovable]
[GrainType("loire.group")]
public sealed class GroupGrain(IGroupDrivers drivers, ActiveDrivers active) : Grain, IGroupGrain
{
    private GroupDriver? _driver;
    private IGrainTimer? _timer;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (GroupId.TryParse(this.GetPrimaryKeyString(), out var id, out _))
        {
            _driver = drivers.Group(id, new SchedulerTurnQueue(TaskScheduler.Current), WakeAfter, new GrainActivation(this));
            active.Add(_driver, GrainContext);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_driver is { } driver)
        {
            active.Remove(driver);
            await driver.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask<HeartbeatResult> Heartbeat(HeartbeatRequest request, CancellationToken cancellation) => Drive(
        driver => driver.HeartbeatAsync(request, cancellation),
        new HeartbeatResult(ErrorCode.InvalidGroupId, 0, [], TimeSpan.Zero, Problem));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Leave(LeaveRequest request) => Drive(driver => driver.LeaveAsync(request), ErrorCode.InvalidGroupId);

    /// <inheritdoc/>
    public ValueTask<ClassicJoined> JoinClassic(ClassicJoin join, CancellationToken cancellation) => Drive(
        driver => driver.Classic.JoinAsync(join, cancellation),
        ClassicJoined.Refused(ErrorCode.InvalidGroupId, join?.MemberId?.Value ?? "", Problem));

    /// <inheritdoc/>
    public ValueTask<ClassicSynced> SyncClassic(ClassicSync sync, CancellationToken cancellation) =>
        Drive(driver => driver.Classic.SyncAsync(sync, cancellation), ClassicSynced.Refused(ErrorCode.InvalidGroupId));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> HeartbeatClassic(ClassicMemberKey member) =>
        Drive(driver => driver.Classic.HeartbeatAsync(member), ErrorCode.InvalidGroupId);

    /// <inheritdoc/>
    public ValueTask<ClassicLeft> LeaveClassic(ClassicLeaver[] leavers) =>
        Drive(driver => driver.Classic.LeaveAsync(leavers), new ClassicLeft(ErrorCode.InvalidGroupId, []));

    /// <inheritdoc/>
    public ValueTask<CommitResult> Commit(CommitRequest request) =>
        Drive(driver => driver.CommitAsync(request), new CommitResult(ErrorCode.InvalidGroupId, [], Problem));

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitInTransaction(TransactionalCommitRequest request) =>
        Drive(driver => driver.CommitInTransactionAsync(request), new CommitResult(ErrorCode.InvalidGroupId, [], Problem));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> EndTransaction(TransactionMarker marker) =>
        Drive(driver => driver.EndTransactionAsync(marker), ErrorCode.None);

    /// <inheritdoc/>
    public ValueTask<OffsetsResult> Offsets(TopicPartition[]? partitions) =>
        Drive(driver => driver.OffsetsAsync(partitions), new OffsetsResult(ErrorCode.InvalidGroupId, []));

    /// <inheritdoc/>
    public ValueTask<CommitResult> DeleteOffsets(TopicPartition[] partitions) =>
        Drive(driver => driver.DeleteOffsetsAsync(partitions), new CommitResult(ErrorCode.InvalidGroupId, [], Problem));

    /// <inheritdoc/>
    public ValueTask<GroupResult> Describe() =>
        Drive(static driver => driver.DescribeAsync(), new GroupResult(ErrorCode.InvalidGroupId, null));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Delete() => Drive(static driver => driver.DeleteAsync(), ErrorCode.InvalidGroupId);

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Expire() => Drive(static driver => driver.SweepAsync(), ErrorCode.InvalidGroupId);

    private string? Problem => GroupId.FindProblem(this.GetPrimaryKeyString());

    private async ValueTask<T> Drive<T>(Func<GroupDriver, Task<T>> call, T withoutGroup)
    {
        if (_driver is null)
        {
            DeactivateOnIdle();
            return withoutGroup;
        }

        try
        {
            return await call(_driver);
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            _driver.Fail(bug);
            DeactivateOnIdle();
            throw;
        }
    }

    private void WakeAfter(TimeSpan wait)
    {
        // KeepAlive: a group whose members have all died must stay active until it has expired their sessions.
        _timer ??= this.RegisterGrainTimer(
            Wake,
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private async Task Wake(CancellationToken cancellation) => await Drive(
        static async driver =>
        {
            await driver.WakeAsync();
            return true;
        },
        false);
}
