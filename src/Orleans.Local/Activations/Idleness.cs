using Orleans.Cluster;

namespace Orleans.Activations;

/// <summary>Since when an activation has not been used, by the silo's clock. Not synchronized: the activation's gate guards it.</summary>
internal sealed class Idleness(Silo silo)
{
    private long _since = silo.Now;
    private long _delayedUntil;

    public void Begin() => _since = silo.Now;

    /// <summary>Nothing counts as idle for a while; a time that is not positive takes that back.</summary>
    public void Delay(TimeSpan time) =>
        _delayedUntil = time == TimeSpan.MaxValue || time == Timeout.InfiniteTimeSpan ? long.MaxValue
            : time <= TimeSpan.Zero ? 0
            : silo.Now + (long)time.TotalMilliseconds;

    public bool HasLasted(TimeSpan age)
    {
        var now = silo.Now;
        return now >= _delayedUntil && now - _since >= age.TotalMilliseconds;
    }
}
