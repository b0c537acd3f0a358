namespace Loire.Grains.Turns;

/// <summary>A driver whose calls may wait long for news.</summary>
internal interface IRetiring
{
    /// <summary>
    /// Has a turn of the driver answer everything that waits for news with a retriable error, and ask to be dropped. May be called from any
    /// thread.
    /// </summary>
    void Retire();
}
