namespace Loire.Grains.Turns;

/// <summary>A driver that parks calls.</summary>
internal interface IRetiring
{
    /// <summary>
    /// Posts a turn of the driver that fails parked calls with a retriable error and deactivates the grain. Thread-safe.
    /// </summary>
    void Retire();
}

/// <summary>A driver whose activation can move to another silo.</summary>
internal interface IMoving : IRetiring, IAsyncDisposable
{
    /// <summary>
    /// Posts a turn of the driver that answers parked calls, and those that would be parked from then on, with what there is. The activation is
    /// about to move, and no further call reaches it. Thread-safe.
    /// </summary>
    void EndWaits();

    /// <summary>Whether other grains ask this one before they serve: when all move, it moves before them.</summary>
    bool IsAskedByOthers => false;
}
