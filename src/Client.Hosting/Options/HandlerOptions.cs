using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>A topic in which failed records wait for another attempt. They lose their place in the partition's order.</summary>
/// <param name="Topic">An existing topic.</param>
/// <param name="Delay">The least time that a record waits in the topic.</param>
public readonly record struct RetryTopic(TopicName Topic, TimeSpan Delay);

/// <summary>
/// How a hosted consumer reads and handles records, and what it does with those that fail. Without a <see cref="RecordHandlingOptions.GroupId"/>, every instance
/// reads everything, and <see cref="IPositionStore"/> keeps the positions.
/// </summary>
public class HandlerOptions : RecordHandlingOptions
{
    /// <summary>How many records are handled at once; one per partition by default.</summary>
    public Concurrency Concurrency { get; set; } = Concurrency.PerPartition;

    /// <summary>Unfinished records of one partition at which it pauses, until half of them are finished. 1,000 by
    /// default.</summary>
    public int MaxUnfinishedPerPartition { get; set; } = 1_000;

    /// <summary>Retry topics, tried in order; none by default.</summary>
    public IList<RetryTopic> RetryTopics { get; } = [];

    /// <summary>How long a stopping host waits for running handlers before it cancels their tokens. 20 s by
    /// default.</summary>
    public TimeSpan DrainOnShutdown { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The interval between commits of positions. 5 s by default, as for Kafka's auto commit.</summary>
    public TimeSpan CommitInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The interval between checks for new partitions. 30 s by default.</summary>
    public TimeSpan MetadataMaxAge { get; set; } = TimeSpan.FromSeconds(30);

    internal override void Validate()
    {
        base.Validate();
        if (MaxUnfinishedPerPartition < 1 || CommitInterval <= TimeSpan.Zero || MetadataMaxAge <= TimeSpan.Zero || DrainOnShutdown < TimeSpan.Zero)
        {
            throw new ArgumentException(
                "MaxUnfinishedPerPartition, CommitInterval and MetadataMaxAge must be positive, and DrainOnShutdown not negative.");
        }

        if (RetryTopics.Any(topic => topic.Delay < TimeSpan.Zero) || RetryTopics.Select(topic => topic.Topic).Distinct().Count() != RetryTopics.Count)
        {
            throw new ArgumentException("Retry topics must differ from each other, and their delays must not be negative.");
        }
    }
}

/// <summary>The options of a hosted consumer with the deserializers of its types.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public sealed class HandlerOptions<TKey, TValue> : HandlerOptions
{
    /// <summary>Deserializes keys; null for the built-in deserializer.</summary>
    public IDeserializer<TKey>? KeyDeserializer { get; set; }

    /// <summary>Deserializes values; null for the built-in deserializer.</summary>
    public IDeserializer<TValue>? ValueDeserializer { get; set; }
}
