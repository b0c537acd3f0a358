using Loire.Model;

namespace Loire.Client;

/// <summary>
/// Is notified of assigned and revoked partitions. Methods are called one at a time, in the background while the application keeps running;
/// exceptions are logged. A method may commit, seek and subscribe. It may also unsubscribe and dispose of the consumer, which then does not
/// wait for the end: that comes once the method has returned.
/// </summary>
public interface IRebalanceListener
{
    /// <summary>
    /// Partitions are being revoked. The application has finished their records or has stopped requesting records, no more of their records
    /// are delivered, and they still belong to this consumer, so it can still commit. They are reassigned once this method has completed,
    /// which must be within <see cref="ConsumerOptions.MaxPollInterval"/>.
    /// </summary>
    ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation);

    /// <summary>Partitions were assigned to this consumer. Their records are not delivered before this method has completed.</summary>
    ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation);

    /// <summary>Partitions were lost and may already belong to other members, because the group considered this consumer dead: commits are
    /// refused. Calls <see cref="OnRevokedAsync"/> by default.</summary>
    ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) =>
        OnRevokedAsync(partitions, cancellation);
}
