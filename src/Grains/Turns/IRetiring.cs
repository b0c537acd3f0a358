namespace Loire.Grains.Turns;

/// <summary>A driver that parks calls.</summary>
internal interface IRetiring
{
    /// <summary>
    /// Posts a turn of the driver that fails parked calls with a retriable error and deactivates the grain. Thread-safe.
    /// </summary>
    void Retire();
}
