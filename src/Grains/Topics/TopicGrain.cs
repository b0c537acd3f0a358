using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Placement;
using Loire.Grains.Turns;
using Loire.Model;
using Orleans.Placement;

namespace Loire.Grains.Topics;

/// <summary>
/// The shell of a <see cref="TopicDriver"/>. An invalid name is answered with <see cref="ErrorCode.InvalidTopicException"/> and takes no
/// memory.
/// </summary>
[SpreadPlacement]
[Immovable]
[GrainType("loire.topic")]
public sealed class TopicGrain(ITopicDrivers drivers, ActiveDrivers active) : Grain, ITopicGrain
{
    private TopicDriver? _driver;
    private string? _problem;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (TopicName.TryParse(this.GetPrimaryKeyString(), out var name, out _problem))
        {
            _driver = drivers.Topic(name, new GrainActivation(this));
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
    public ValueTask<TopicResult> Create(CreateTopicRequest request) => Drive(driver => driver.CreateAsync(request));

    /// <inheritdoc/>
    public ValueTask<TopicResult> Describe() => Drive(static driver => driver.DescribeAsync());

    /// <inheritdoc/>
    public ValueTask<TopicConfigsResult> DescribeConfigs() =>
        Drive(static driver => driver.DescribeConfigsAsync(), new TopicConfigsResult(ErrorCode.InvalidTopicException, [], _problem));

    /// <inheritdoc/>
    public ValueTask<TopicResult> Watch(TopicId id, long version, TimeSpan wait, CancellationToken cancellation) =>
        Drive(driver => driver.WatchAsync(id, version, wait, cancellation));

    /// <inheritdoc/>
    public ValueTask<PartitionSettingsResult> Settings(TopicId id, int partition) =>
        Drive(driver => driver.SettingsAsync(id, partition), new PartitionSettingsResult(ErrorCode.UnknownTopicOrPartition, null));

    /// <inheritdoc/>
    public ValueTask<TopicResult> AddPartitions(int partitionsCount, bool validateOnly) =>
        Drive(driver => driver.AddPartitionsAsync(partitionsCount, validateOnly));

    /// <inheritdoc/>
    public ValueTask<TopicResult> Rebalance(bool validateOnly) => Drive(driver => driver.RebalanceAsync(validateOnly));

    /// <inheritdoc/>
    public ValueTask<TopicResult> AlterConfigs(AlterConfigsRequest request) => Drive(driver => driver.AlterConfigsAsync(request));

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Report(TopicId id, PartitionReport[] reports) =>
        Drive(driver => driver.ReportAsync(id, reports), ErrorCode.InvalidTopicException);

    /// <inheritdoc/>
    public ValueTask<TopicLogsResult> DescribeLogs() =>
        Drive(static driver => driver.DescribeLogsAsync(), new TopicLogsResult(ErrorCode.InvalidTopicException, []));

    /// <inheritdoc/>
    public ValueTask<TopicRetainResult> Retain(int max) =>
        Drive(driver => driver.RetainAsync(max), new TopicRetainResult(ErrorCode.InvalidTopicException, 0, null));

    /// <inheritdoc/>
    public ValueTask<TopicResult> Delete() => Drive(static driver => driver.DeleteAsync());

    /// <inheritdoc/>
    public ValueTask<TopicResult> DeleteCreation(TopicId id) => Drive(driver => driver.DeleteAsync(id));

    /// <inheritdoc/>
    public ValueTask<TopicResult> Settle() => Drive(static driver => driver.SettleAsync());

    private ValueTask<TopicResult> Drive(Func<TopicDriver, Task<TopicResult>> call) =>
        Drive(call, new TopicResult(ErrorCode.InvalidTopicException, null, _problem));

    private async ValueTask<T> Drive<T>(Func<TopicDriver, Task<T>> call, T withoutTopic)
    {
        if (_driver is null)
        {
            DeactivateOnIdle();
            return withoutTopic;
        }

        try
        {
            return await call(_driver);
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            // The state can no longer be trusted.
            DeactivateOnIdle();
            throw;
        }
    }
}
