using System.Collections.Concurrent;
using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>Where hosted consumers keep how far they have come. Thread-safe.</summary>
public interface IPositionStore
{
    /// <summary>The next offset to read; null if nothing was committed.</summary>
    /// <param name="consumer">The consumer's name.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="cancellation">Ends the wait.</param>
    ValueTask<Offset?> FindAsync(string consumer, TopicPartition partition, CancellationToken cancellation);

    /// <summary>Stores next offsets to read. What it throws is logged, and the same offsets or later ones come again.</summary>
    ValueTask CommitAsync(string consumer, IReadOnlyCollection<TopicPartitionOffset> positions, CancellationToken cancellation);
}

/// <summary>Keeps positions as long as the process lives: consumers begin anew with each process.</summary>
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
