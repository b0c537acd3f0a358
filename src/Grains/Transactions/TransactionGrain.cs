using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Placement;
using Loire.Grains.Turns;
using Loire.Model.Transactions;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Loire.Grains.Transactions;

/// <summary>
/// The shell of a <see cref="TransactionDriver"/>: identity, activation, and one timer. An invalid transactional id is answered with
/// <see cref="ErrorCode.InvalidRequest"/> and takes no memory. An exception is a bug in the driver and ends the activation.
/// </summary>
[Reentrant]
[SpreadPlacement]
[Immovable]
[GrainType("loire.transaction")]
public sealed class TransactionGrain(ITransactionDrivers drivers, ActiveDrivers active) : Grain, ITransactionGrain
{
    private TransactionDriver? _driver;
    private IGrainTimer? _timer;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (TransactionalId.TryParse(this.GetPrimaryKeyString(), out var id, out _))
        {
            _driver = drivers.Transaction(id, new SchedulerTurnQueue(TaskScheduler.Current), WakeAfter, new GrainActivation(this));
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
    public ValueTask<InitProducerResult> Init(InitProducerRequest request) =>
        Drive(driver => driver.InitAsync(request), new InitProducerResult(ErrorCode.InvalidRequest, ProducerIdentity.None, Problem));

    /// <inheritdoc/>
    public ValueTask<EnlistResult> Enlist(EnlistRequest request) =>
        Drive(driver => driver.EnlistAsync(request), new EnlistResult(ErrorCode.InvalidRequest, 0, Problem));

    /// <inheritdoc/>
    public ValueTask<EndTransactionResult> End(EndTransactionRequest request) =>
        Drive(driver => driver.EndAsync(request), new EndTransactionResult(ErrorCode.InvalidRequest, ProducerIdentity.None, Problem));

    /// <inheritdoc/>
    public ValueTask<TransactionResult> Describe() =>
        Drive(static driver => driver.DescribeAsync(), new TransactionResult(ErrorCode.InvalidRequest, null));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Abort() => Drive(static driver => driver.AbortAsync(), ErrorCode.InvalidRequest);

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Expire() => Drive(static driver => driver.ExpireAsync(), ErrorCode.InvalidRequest);

    private string? Problem => TransactionalId.FindProblem(this.GetPrimaryKeyString());

    private async ValueTask<T> Drive<T>(Func<TransactionDriver, Task<T>> call, T withoutId)
    {
        if (_driver is null)
        {
            DeactivateOnIdle();
            return withoutId;
        }

        try
        {
            return await call(_driver);
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    private void WakeAfter(TimeSpan wait)
    {
        // KeepAlive: an open transaction whose producer has died must be aborted when its time is over.
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
