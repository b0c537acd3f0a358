namespace Loire.Silo;

/// <summary>
/// Ends the process if a stop takes too long, as when the store does not answer. A record is acknowledged only when it is stored, so nothing is lost;
/// a process that hangs would keep its store and its broker id.
/// </summary>
internal static class StopBound
{
    /// <summary>How long a stop may take: what the host grants, and some seconds for what it does not bound.</summary>
    public static readonly TimeSpan Default = LoireHost.StopTimeout + TimeSpan.FromSeconds(5);

    /// <summary>Gives the process a time to live.</summary>
    /// <param name="bound">The time.</param>
    /// <param name="end">Ends the process, for the reason given in one line.</param>
    public static void Begin(TimeSpan bound, Action<string> end)
    {
        // A thread of its own: a thread pool without free threads may be why the node does not stop.
        var watch = new Thread(() =>
        {
            Thread.Sleep(bound);
            end($"The node ends: it has not stopped within {bound.TotalSeconds:0} s.");
        });
        watch.IsBackground = true;
        watch.Start();
    }
}
