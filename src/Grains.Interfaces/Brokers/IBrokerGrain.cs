using Loire.Model;

namespace Loire.Grains.Interfaces.Brokers;

/// <summary>
/// One broker of a cluster. The key is the broker's id. It runs on that broker and nowhere else: a call of one that does not serve fails with
/// <see cref="SiloUnavailableException"/>.
/// </summary>
[Alias("loire.IBrokerGrain")]
public interface IBrokerGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Begins an orderly stop of the broker's process: it hands its partitions to the other brokers, which fails no request, and then ends.
    /// </summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/> once the stop has begun; <see cref="ErrorCode.PolicyViolation"/> if no other broker serves.
    /// </returns>
    [ResponseTimeout("00:00:05")]
    [Alias("Drain")]
    ValueTask<ErrorCode> Drain();

    /// <summary>Begins, cancels and waits for fetches from many partitions.</summary>
    [ResponseTimeout("00:02:00")]
    [Alias("Fetch")]
    ValueTask<BrokerFetchResult> Fetch(BrokerFetchRequest request, CancellationToken cancellation);

    /// <summary>Tells the broker that a silo hands over its grains before it stops, so that it sends none there. Called only by that silo.</summary>
    [ResponseTimeout("00:00:02")]
    [Alias("Leaving")]
    ValueTask Leaving(SiloAddress silo);

    /// <summary>
    /// Tells the broker that other brokers may be the preferred leaders of a topic's partitions now, so that it places none by what it knew
    /// before. Called only by the topic.
    /// </summary>
    [ResponseTimeout("00:00:02")]
    [Alias("LeadersChanged")]
    ValueTask LeadersChanged(TopicId topic);
}
