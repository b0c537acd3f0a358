using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Microsoft.Extensions.Logging;

namespace Loire.ConsumerProxy;

/// <summary>Commits what the client has finished, on request and automatically.</summary>
internal sealed partial class FinishedCommits
{
    private readonly ConsumerSettings _settings;
    private readonly UntypedConsumer _consumer;
    private readonly DeliveryLedger _ledger;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private long _lastCommit;

    public FinishedCommits(
        ConsumerSettings settings, UntypedConsumer consumer, DeliveryLedger ledger, TimeProvider time, ILogger logger)
    {
        (_settings, _consumer, _ledger, _time, _logger) = (settings, consumer, ledger, time, logger);
        _lastCommit = time.GetTimestamp();
    }

    /// <summary>Commits on request; see <see cref="IConsumerGrain.Commit"/>.</summary>
    public async Task<CommitResult> CommitAsync(CommittedOffset[]? offsets)
    {
        var positions = offsets is null ? _ledger.FinishAll() : Array.ConvertAll(
            offsets, one => new TopicPartitionOffset(one.Partition, one.Offset) { Metadata = one.Metadata });
        PartitionError[] refused = [];
        try
        {
            if (positions.Count > 0)
            {
                await _consumer.CommitAsync(positions);
            }
        }
        catch (GroupException some) when (some.Partitions.Count > 0)
        {
            refused = [.. some.Partitions.Select(one => new PartitionError(one, some.Code))];
        }
        catch (LoireException failure)
        {
            return new CommitResult(failure.Code, [], failure.Detail);
        }

        _ledger.Commit(positions.Where(one => !Array.Exists(refused, not => not.Partition == one.TopicPartition)));
        return new CommitResult(ErrorCode.None, refused, null);
    }

    /// <summary>Commits what is finished, if the consumer commits automatically and the interval has passed.</summary>
    public async Task CommitIfDueAsync()
    {
        if (_settings.AutoCommitInterval is { } interval && _time.GetElapsedTime(_lastCommit) >= interval)
        {
            _lastCommit = _time.GetTimestamp();
            await CommitFinishedAsync(null);
        }
    }

    /// <summary>Commits what is finished, if the consumer commits automatically. A failure is logged, and repaired by the next commit.</summary>
    /// <param name="among">Of these partitions; null for all.</param>
    public async Task CommitFinishedAsync(IReadOnlyCollection<TopicPartition>? among)
    {
        var finished = _settings.AutoCommitInterval is null ? [] : _ledger.Uncommitted(among);
        if (finished.Count == 0)
        {
            return;
        }

        try
        {
            await _consumer.CommitAsync(finished);
            _ledger.Committed(finished);
        }
        catch (LoireException problem)
        {
            CommitFailed(problem, _settings.ClientId, finished.Count);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The consumer of {Client} could not commit {Count} offsets; it will retry.")]
    private partial void CommitFailed(Exception problem, string client, int count);
}
