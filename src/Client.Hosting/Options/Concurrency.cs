namespace Loire.Client.Hosting;

/// <summary>How many records a hosted consumer handles at once, and which of them stay in order.</summary>
public readonly record struct Concurrency
{
    private Concurrency(int lanes) => Lanes = lanes;

    /// <summary>One record of each partition at a time, in order; partitions run concurrently. The default.</summary>
    public static Concurrency PerPartition { get; } = new(0);

    /// <summary>0 for one lane per partition, otherwise the number of lanes that keys are spread over.</summary>
    internal int Lanes { get; }

    /// <summary>
    /// Up to <paramref name="lanes"/> records at once. Records with equal keys are handled one at a time, in order; records without a key
    /// in no order.
    /// </summary>
    public static Concurrency PerKey(int lanes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lanes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lanes, 10_000);
        return new Concurrency(lanes);
    }
}
