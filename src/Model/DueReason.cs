namespace Loire.Model;

/// <summary>Why the log of a closed partition is due to be looked after.</summary>
[GenerateSerializer, Alias("loire.DueReason")]
public enum DueReason
{
    /// <summary>It has not reported, or its report is too old to go by.</summary>
    Unknown = 0,

    /// <summary>Its oldest records reach the age that the topic keeps (<c>retention.ms</c>).</summary>
    Age = 1,

    /// <summary>It has more bytes than the topic keeps (<c>retention.bytes</c>).</summary>
    Size = 2,

    /// <summary>Enough of it has not been compacted (<c>min.cleanable.dirty.ratio</c>), and nothing of that is protected any longer
    /// (<c>min.compaction.lag.ms</c>).</summary>
    Dirty = 3,

    /// <summary>Its first record that has not been compacted has waited as long as it may (<c>max.compaction.lag.ms</c>).</summary>
    Lag = 4,

    /// <summary>Records without a value that compaction has kept may go (<c>delete.retention.ms</c>).</summary>
    Tombstones = 5,
}
