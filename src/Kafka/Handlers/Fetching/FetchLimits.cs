using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>All bounds on what fetches hold and do.</summary>
internal static class FetchLimits
{
    /// <summary>Incremental sessions of a node, as in Kafka.</summary>
    public const int Sessions = 1_000;

    /// <summary>Partitions of one incremental session; about 500 bytes each, with their reads.</summary>
    public const int SessionPartitions = 20_000;

    /// <summary>How long a session must have been idle before it makes room for another, as in Kafka.</summary>
    public static readonly TimeSpan SessionIdle = TimeSpan.FromSeconds(120);

    /// <summary>Bytes of records in an answer, apart from a batch that is larger by itself: every one of an answer's partitions may be read from storage.</summary>
    public const int AnswerBytes = Limits.FetchBytes;

    /// <summary>Partitions of one request that are read at the same time.</summary>
    public const int ReadsAtOnce = 64;

    /// <summary>How long a read waits at its partition before it is made again, if somebody still wants it.</summary>
    public static readonly TimeSpan StandingWait = TimeSpan.FromSeconds(30);

    /// <summary>How long a call may take beyond the wait that it asks for.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Partitions of one request whose offsets are asked for at the same time.</summary>
    public const int LookupsAtOnce = 32;
}
