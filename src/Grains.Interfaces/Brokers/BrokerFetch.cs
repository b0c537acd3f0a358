using Loire.Grains.Interfaces.Partitions;
using Loire.Model;

namespace Loire.Grains.Interfaces.Brokers;

/// <summary>
/// Fetches from many partitions of one broker, in a session: each fetch is sent once, and one call waits for whichever is answered first (the idea of
/// KIP-227).
/// </summary>
/// <param name="Session">Random, made by the caller.</param>
/// <param name="Number">Increases with each call of the session: calls may arrive out of order, and only the one with the highest number waits.</param>
/// <param name="IsFirst">Whether the call begins the session. Its caller waits for the answer before it makes the next call.</param>
/// <param name="Added">Fetches that begin, at most <see cref="Limits.FetchesPerSession"/> at a time in a session.</param>
/// <param name="Cancelled">The ids of fetches that the caller has abandoned.</param>
/// <param name="MaxWait">How long to wait for an answer to any fetch, from zero to <see cref="Limits.FetchWait"/>.</param>
[GenerateSerializer, Immutable, Alias("loire.BrokerFetchRequest")]
public sealed record BrokerFetchRequest(
    [property: Id(0)] Guid Session,
    [property: Id(1)] long Number,
    [property: Id(2)] bool IsFirst,
    [property: Id(3)] PartitionFetch[] Added,
    [property: Id(4)] long[] Cancelled,
    [property: Id(5)] TimeSpan MaxWait);

/// <summary>A fetch of a session.</summary>
/// <param name="Id">Unique in its session.</param>
/// <param name="Partition">The key of the partition's grain (<see cref="PartitionKey"/>).</param>
/// <param name="Request">Where to read, how much, and how long to wait for it.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionFetch")]
public sealed record PartitionFetch([property: Id(0)] long Id, [property: Id(1)] string Partition, [property: Id(2)] FetchRequest Request);

/// <summary>Answers to fetches of a session.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.FetchSessionIdNotFound"/> if the broker does not know the session and the call does not begin
/// it: the caller begins another with all fetches that it waits for; <see cref="ErrorCode.ThrottlingQuotaExceeded"/> beyond a limit;
/// <see cref="ErrorCode.NotLeaderOrFollower"/> if the broker stops.
/// </param>
/// <param name="Fetched">In the order in which the partitions answered; empty if none has, or another call of the session waits.</param>
[GenerateSerializer, Immutable, Alias("loire.BrokerFetchResult")]
public sealed record BrokerFetchResult([property: Id(0)] ErrorCode Error, [property: Id(1)] PartitionFetched[] Fetched);

/// <summary>The answer to a fetch of a session.</summary>
/// <param name="Id">The fetch.</param>
/// <param name="Result">The partition's answer.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionFetched")]
public sealed record PartitionFetched([property: Id(0)] long Id, [property: Id(1)] FetchResult Result);
