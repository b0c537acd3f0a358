using System.Collections.Concurrent;
using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>Stores the positions of hosted consumers without a group. Thread-safe.</summary>
public interface IPositionStore
{
    /// <summary>The next offset to read; null if nothing was committed.</summary>
    ValueTask<Offset?> FindAsync(string consumer, TopicPartition partition, CancellationToken cancellation);

    /// <summary>Stores the next offsets to read. After an exception, which is logged, the same or later offsets are stored again.</summary>
    ValueTask CommitAsync(string consumer, IReadOnlyCollection<TopicPartitionOffset> positions, CancellationToken cancellation);
}

/// <summary>Keeps positions in memory: after a restart of the process, consumers start over.</summary>
public sealed class InMemoryPositionStore : IPositionStore
{
    private readonly ConcurrentDictionary<(string, TopicPartition), Offset> _positions = new();

    /// <inheritdoc/>
    public ValueTask<Offset?> FindAsync(string consumer, TopicPartition partition, CancellationToken cancellation) =>
        new(_positions.TryGetValue((consumer, partition), out var offset) ? offset : null);

    /// <inheritdoc/>
    public ValueTask CommitAsync(string consumer, IReadOnlyCollection<TopicPartitionOffset> positions, CancellationToken cancellation)
    {
        foreach (var position in positions)
        {
            _positions[(consumer, position.TopicPartition)] = position.Offset;
        }

        return ValueTask.CompletedTask;
    }
}
