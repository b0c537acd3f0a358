using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Microsoft.Extensions.Logging;

namespace Loire.ConsumerProxy;

/// <content>Commits, on request and automatically.</content>
internal sealed partial class ProxiedConsumer
{
    /// <summary>Commits; see <see cref="IConsumerGrain.Commit"/>.</summary>
    public async Task<CommitResult> CommitAsync(CommittedOffset[]? offsets)
    {
        IReadOnlyList<TopicPartitionOffset> positions;
        if (offsets is null)
        {
            lock (_lock)
            {
                _deliveries.FinishAll();
                Progressed();
                positions = _deliveries.Uncommitted();
            }
        }
        else
        {
            positions = Array.ConvertAll(
                offsets,
                one => new TopicPartitionOffset(one.Partition, one.Offset) { Metadata = one.Metadata });
        }

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

        lock (_lock)
        {
            foreach (var position in positions.Where(one => !Array.Exists(refused, not => not.Partition == one.TopicPartition)))
            {
                _deliveries.Commit(position.TopicPartition, position.Offset);
            }

            Progressed();
        }

        return new CommitResult(ErrorCode.None, refused, null);
    }

    /// <summary>Commits what is finished, if the consumer commits automatically and the interval has passed.</summary>
    public async Task CommitNowAndThenAsync()
    {
        if (_settings.AutoCommitInterval is { } interval && _time.GetElapsedTime(_lastCommit) >= interval)
        {
            _lastCommit = _time.GetTimestamp();
            await CommitFinishedAsync(null);
        }
    }

    private async Task CommitFinishedAsync(IReadOnlyCollection<TopicPartition>? among)
    {
        IReadOnlyList<TopicPartitionOffset> finished;
        lock (_lock)
        {
            finished = _settings.AutoCommitInterval is null ? [] : _deliveries.Uncommitted(among);
        }

        if (finished.Count == 0)
        {
            return;
        }

        try
        {
            await _consumer.CommitAsync(finished);
            lock (_lock)
            {
                foreach (var position in finished)
                {
                    _deliveries.Committed(position.TopicPartition, position.Offset);
                }
            }
        }
        catch (LoireException problem)
        {
            CommitFailed(problem, _settings.ClientId, finished.Count);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The consumer of {Client} could not commit {Count} offsets; it will retry.")]
    private partial void CommitFailed(Exception problem, string client, int count);
}
