namespace Loire.Client.Hosting;

/// <summary>How many records are handled at once, and which of them keep their order.</summary>
public readonly record struct Concurrency
{
    private Concurrency(int lanes) => Lanes = lanes;

    /// <summary>One record of a partition at a time, in order; partitions beside each other. The default.</summary>
    public static Concurrency PerPartition { get; } = new(0);

    /// <summary>0 for a lane of each partition, else the number of lanes that keys are spread over.</summary>
    internal int Lanes { get; }

    /// <summary>
    /// Up to <paramref name="lanes"/> records at once. Records with equal keys are handled one after the other, in order; records without a
    /// key in no order.
    /// </summary>
    public static Concurrency PerKey(int lanes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lanes, 10_000);
        return new Concurrency(lanes);
    }
}
