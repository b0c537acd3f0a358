namespace Loire.Silo;

/// <summary>
/// How a node divides its memory budget: two eighths for the cache, three for open partitions, and one each for requests, appends and reads of
/// storage. With a cache of another size the parts share what it leaves in the same proportions.
/// </summary>
/// <param name="BudgetBytes">The budget.</param>
/// <param name="CacheBytes">See <see cref="Grains.Hosting.LoireGrainsOptions.CacheBytes"/>.</param>
/// <param name="RequestBytes">See <see cref="WebApi.LoireApiOptions.RequestBytes"/>.</param>
/// <param name="AppendBytes">See <see cref="Grains.Hosting.LoireGrainsOptions.AppendBytes"/>.</param>
/// <param name="ReadBytes">See <see cref="Grains.Hosting.LoireGrainsOptions.ReadBytes"/>.</param>
/// <param name="OpenPartitions">See <see cref="Grains.Hosting.LoireGrainsOptions.OpenPartitions"/>.</param>
internal readonly record struct NodeMemory(
    long BudgetBytes, long CacheBytes, long RequestBytes, long AppendBytes, long ReadBytes, int OpenPartitions)
{
    /// <summary>The least budget: below it a node does little but wait.</summary>
    public const long MinBudgetBytes = 64L * 1024 * 1024;

    private const long DefaultBudgetMaxBytes = 4L * 1024 * 1024 * 1024;

    /// <summary>Divides the budget of a node.</summary>
    public static NodeMemory Of(NodeOptions options)
    {
        // In a container this is the container's limit.
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var budget = options.MemoryBytes ?? Math.Clamp(available / 2, MinBudgetBytes, DefaultBudgetMaxBytes);
        var cache = options.CacheBytes ?? budget / 4;
        var rest = Math.Max(budget - cache, MinBudgetBytes / 4);
        var share = rest / 6;
        return new NodeMemory(budget, cache, share, share, share, (int)Math.Min(3 * share / Loire.Grains.Partitions.OpenPartitions.BytesOfOne, 1_000_000));
    }

    /// <summary>
    /// Tells the garbage collector of a process that is nothing but this node to stay near a budget that was chosen; it would otherwise let
    /// garbage pile up as long as the machine has memory. Half as much again is left for garbage and for what the budget does not count.
    /// </summary>
    public static void LimitHeap(NodeOptions options)
    {
        if (options.MemoryBytes is { } budget && budget * 3 / 2 < GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)
        {
            AppContext.SetData("GCHeapHardLimit", (ulong)(budget * 3 / 2));
            GC.RefreshMemoryLimit();
        }
    }
}
