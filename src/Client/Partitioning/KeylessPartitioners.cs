using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Loire.Model;

namespace Loire.Client;

/// <summary>Always the same partition.</summary>
internal sealed class ExplicitPartitioner(int partition) : IPartitioner
{
    public int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull) => partition;
}

/// <summary>A random partition.</summary>
internal sealed class RandomPartitioner(Random? random) : IPartitioner
{
    private readonly RandomChoice _choice = new(random);

    public int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull) => _choice.Below(topic.PartitionsCount);
}

/// <summary>Partitions in turn, independently for each topic.</summary>
internal sealed class RoundRobinPartitioner : IPartitioner
{
    private readonly ConcurrentDictionary<TopicName, StrongBox<int>> _next = new();

    public int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull)
    {
        var next = _next.GetOrAdd(topic.Topic, static _ => new StrongBox<int>(-1));
        return (int)((uint)Interlocked.Increment(ref next.Value) % (uint)topic.PartitionsCount);
    }
}

/// <summary>Locks a seeded <see cref="System.Random"/>, which, unlike the shared one, is not thread-safe.</summary>
internal sealed class RandomChoice(Random? random)
{
    public int Below(int count)
    {
        if (random is null)
        {
            return Random.Shared.Next(count);
        }

        lock (random)
        {
            return random.Next(count);
        }
    }
}
