namespace Loire.Grains.Turns;

/// <summary>
/// Runs the turns of one driver, one at a time, in the order in which they were posted. Continuations of the driver's awaits run as turns
/// as well, so nothing in a driver needs a lock.
/// </summary>
public interface ITurnQueue
{
    /// <summary>Queues a turn; it never runs inside this call. May be called from any thread. The turn does not throw.</summary>
    void Post(Action turn);
}
