namespace Loire.Kafka.Handlers.Fetching;

/// <summary>
/// Shares the bytes of an answer among partitions, in their order (KIP-74): the first one that has records gets a batch whatever the limits say, the others get what
/// fits. What was refused once for lack of room closes the answer, so that the rest is not read in vain.
/// </summary>
/// <param name="maxBytes">The bytes of the whole answer, at least 0.</param>
internal sealed class FetchBudget(long maxBytes)
{
    private bool _isFull;

    /// <summary>Bytes given so far.</summary>
    public long Given { get; private set; }

    /// <summary>Bytes that are left.</summary>
    public long Left => _isFull ? 0 : Math.Max(0, maxBytes - Given);

    /// <summary>Takes the records of the next partition in, or refuses them.</summary>
    /// <param name="bytes">Their size.</param>
    /// <param name="limit">The partition's own limit.</param>
    public bool TryTake(long bytes, long limit)
    {
        if (bytes == 0)
        {
            return true;
        }

        if (Given > 0 && bytes > Math.Min(limit, Left))
        {
            _isFull |= bytes > Left;
            return false;
        }

        Given += bytes;
        return true;
    }
}
