using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Placement;
using Loire.Grains.Turns;
using Loire.Model;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Loire.Grains.Partitions;

/// <summary>
/// The shell of a <see cref="PartitionDriver"/>: identity and activation. An invalid key is answered with
/// <see cref="ErrorCode.UnknownTopicOrPartition"/> and takes no memory. An exception is a bug in the driver and ends the activation.
/// </summary>
[Reentrant]
[PartitionPlacement]
[Immovable]
[GrainType("loire.partition")]
internal sealed class PartitionGrain(IPartitionDrivers drivers, ActiveDrivers active, OpenPartitions open, LeadershipMoves moves)
    : Grain, IPartitionGrain
{
    private PartitionDriver? _driver;
    private OpenPartitions.Place? _place;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (PartitionKey.TryParse(this.GetPrimaryKeyString(), out var key))
        {
            _driver = drivers.Partition(key, new SchedulerTurnQueue(TaskScheduler.Current), DeactivateOnIdle);
            active.Add(_driver, GrainContext);
            _place = open.Add(_driver, DeactivateOnIdle);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_driver is { } driver)
        {
            active.Remove(driver);
            open.Remove(_place!);
            await driver.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask<AppendResult> Append(AppendRequest request) => _driver is { } driver
        ? Guard(driver.AppendAsync(request))
        : Unknown(new AppendResult(ErrorCode.UnknownTopicOrPartition, Offset.None, Offset.None, Timestamp.None, Offset.None, null));

    /// <inheritdoc/>
    public async ValueTask AppendUnacknowledged(AppendRequest request) => await Append(request with { Acks = Acks.None });

    /// <inheritdoc/>
    public ValueTask<FetchResult> Fetch(FetchRequest request, CancellationToken cancellation) => _driver is { } driver
        ? Guard(driver.FetchAsync(request, cancellation))
        : Unknown(new FetchResult(ErrorCode.UnknownTopicOrPartition, [], request.From, NoBounds, null));

    /// <inheritdoc/>
    public ValueTask<PartitionOffsets> Offsets() => _driver is { } driver ? Guard(driver.OffsetsAsync()) : Unknown(NoBounds);

    /// <inheritdoc/>
    public ValueTask<FindBatchResult> FindBatch(Timestamp timestamp) => _driver is { } driver
        ? Guard(driver.FindBatchAsync(timestamp))
        : Unknown(new FindBatchResult(ErrorCode.UnknownTopicOrPartition, [], NoBounds));

    /// <inheritdoc/>
    public ValueTask<FindBatchResult> FindNewest() => _driver is { } driver
        ? Guard(driver.FindNewestAsync())
        : Unknown(new FindBatchResult(ErrorCode.UnknownTopicOrPartition, [], NoBounds));

    /// <inheritdoc/>
    public ValueTask<EpochEndResult> EndOfEpoch(LeaderEpoch epoch, LeaderEpoch current) => _driver is { } driver
        ? Guard(driver.EndOfEpochAsync(epoch, current))
        : Unknown(new EpochEndResult(ErrorCode.UnknownTopicOrPartition, null, NoBounds));

    /// <inheritdoc/>
    public ValueTask<LatestRecordResult> Latest(byte[] key) => _driver is { } driver
        ? Guard(driver.LatestAsync(key))
        : Unknown(new LatestRecordResult(ErrorCode.UnknownTopicOrPartition, [], Offset.None, NoBounds, null));

    /// <inheritdoc/>
    public ValueTask<PartitionOffsets> DeleteRecords(Offset before, bool validateOnly) =>
        _driver is { } driver ? Guard(driver.DeleteRecordsAsync(before, validateOnly)) : Unknown(NoBounds);

    /// <inheritdoc/>
    public ValueTask<ErrorCode> EndTransaction(TransactionMarker marker) => _driver is { } driver
        ? Guard(new ValueTask<ErrorCode>(driver.EndTransactionAsync(marker)))
        : Unknown(ErrorCode.UnknownTopicOrPartition);

    /// <inheritdoc/>
    public ValueTask<ErrorCode> AbortHanging(AbortHangingRequest request) => _driver is { } driver
        ? Guard(new ValueTask<ErrorCode>(driver.AbortHangingAsync(request)))
        : Unknown(ErrorCode.UnknownTopicOrPartition);

    /// <inheritdoc/>
    public ValueTask<ProducersResult> Producers() => _driver is { } driver
        ? Guard(driver.DescribeProducersAsync())
        : Unknown(new ProducersResult(ErrorCode.UnknownTopicOrPartition, []));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Configure(PartitionSettings settings)
    {
        if (_driver is not { } driver)
        {
            return Unknown(ErrorCode.UnknownTopicOrPartition);
        }

        moves.Recheck(driver.Key.Id);
        return new(driver.Configure(settings));
    }

    /// <inheritdoc/>
    public ValueTask<RetainResult> Retain() => _driver is { } driver
        ? Guard(driver.OpenAndRetainAsync())
        : Unknown(new RetainResult(ErrorCode.UnknownTopicOrPartition, null));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Delete() => _driver is { } driver
        ? Guard(new ValueTask<ErrorCode>(driver.DeleteAsync()))
        : Unknown(ErrorCode.UnknownTopicOrPartition);

    private static PartitionOffsets NoBounds { get; } =
        new(ErrorCode.UnknownTopicOrPartition, Offset.None, Offset.None, Offset.None, Offset.None, LeaderEpoch.None);

    private ValueTask<T> Unknown<T>(T answer)
    {
        DeactivateOnIdle();
        return new(answer);
    }

    private ValueTask<T> Guard<T>(ValueTask<T> call) => call.IsCompletedSuccessfully ? call : Watch(call);

    private async ValueTask<T> Watch<T>(ValueTask<T> call)
    {
        try
        {
            return await call;
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
