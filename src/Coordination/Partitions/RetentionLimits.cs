using Loire.Model;

namespace Loire.Coordination.Partitions;

/// <summary>How much of a partition is kept.</summary>
/// <param name="MaxAge">Records older than this may go (<c>retention.ms</c>); null for no limit.</param>
/// <param name="MaxBytes">What lies before the newest bytes of this number may go (<c>retention.bytes</c>); null for no limit.</param>
public readonly record struct RetentionLimits(TimeSpan? MaxAge, long? MaxBytes)
{
    /// <summary>The limits of a topic.</summary>
    public static RetentionLimits Of(in PartitionSettings settings) => new(settings.RetentionTime, settings.RetentionBytes);

    /// <summary>Whether anything may ever go.</summary>
    public bool Any => MaxAge is not null || MaxBytes is not null;
}
