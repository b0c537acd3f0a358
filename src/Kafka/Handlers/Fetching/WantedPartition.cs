using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>A partition as a request names it: by its topic's name, or from version 13 of Fetch on by its topic's id.</summary>
/// <param name="Topic">The topic's name, which may be any text; null if the topic is named by its id.</param>
/// <param name="Id">The topic's id; zero if the topic is named by its name.</param>
/// <param name="Index">The partition's number, which may be any number.</param>
internal readonly record struct NamedPartition(string? Topic, Guid Id, int Index);

/// <summary>Where and how much a client reads of a partition.</summary>
/// <param name="From">The first offset; may be any number.</param>
/// <param name="MaxBytes">How many bytes at most, at least 0; a batch that is larger by itself may come whole.</param>
/// <param name="Current">The epoch of the leader in which the client believes; none for no check.</param>
/// <param name="LastFetched">The epoch of the last record that the client has; none for no check.</param>
internal readonly record struct ReadPosition(Offset From, int MaxBytes, LeaderEpoch Current, LeaderEpoch LastFetched);

/// <summary>A partition and what a client wants of it.</summary>
internal readonly record struct WantedPartition(NamedPartition Partition, ReadPosition Position);

/// <summary>What holds for all partitions of a fetch.</summary>
/// <param name="Isolation">Where reading ends.</param>
/// <param name="MinBytes">How many bytes end the wait; 0 for no wait.</param>
/// <param name="MaxBytes">How many bytes the answer may have, at least 0.</param>
/// <param name="MaxWait">How long to wait; zero for no wait.</param>
internal readonly record struct FetchTerms(IsolationLevel Isolation, int MinBytes, int MaxBytes, TimeSpan MaxWait)
{
    /// <summary>Whether the fetch may wait at all.</summary>
    public bool Waits => MinBytes > 0 && MaxWait > TimeSpan.Zero;
}
