using Loire.Model;

namespace Loire.Client;

/// <summary>
/// Learns which partitions come and go. Called one at a time, in the background while the application works on; what a method throws is
/// logged. A method may commit and seek, but must not subscribe, unsubscribe or dispose of the consumer, which would wait for it.
/// </summary>
public interface IRebalanceListener
{
    /// <summary>
    /// Partitions are given to others. The application has asked for records beyond theirs or has stopped asking, nothing more of
    /// them is handed out, and they still belong to this consumer: what is committed now counts. They go to others once this has ended,
    /// which must be within <see cref="ConsumerOptions.MaxPollInterval"/>.
    /// </summary>
    ValueTask OnRevokedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation);

    /// <summary>Partitions were given to this consumer. Nothing of them is handed out before this has ended.</summary>
    ValueTask OnAssignedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation);

    /// <summary>Partitions may belong to others already, because the group took this consumer for dead: nothing can be committed. Does what
    /// <see cref="OnRevokedAsync"/> does unless it is implemented.</summary>
    ValueTask OnLostAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation) =>
        OnRevokedAsync(partitions, cancellation);
}
