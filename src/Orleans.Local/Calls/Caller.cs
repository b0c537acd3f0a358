using Orleans.Cluster;
using Orleans.Runtime;

namespace Orleans.Calls;

/// <summary>Where calls come from: a silo, for its grains and for other code in its host, or a client.</summary>
internal abstract class Caller(LocalCluster cluster, TimeProvider time)
{
    public LocalCluster Cluster { get; } = cluster;

    public OutstandingCalls Outstanding { get; } = new(time);

    public abstract TimeSpan ResponseTimeout { get; }

    public abstract bool CancelRequestOnTimeout { get; }

    /// <summary>Whether calls can be made; not before the start and after the end.</summary>
    public abstract bool IsConnected { get; }

    /// <summary>The silo that places a new grain for this caller.</summary>
    public abstract Silo? Gateway { get; }

    public void Send(Call call)
    {
        if (IsConnected)
        {
            Cluster.Deliver(call, this);
        }
        else
        {
            call.Fail(new SiloUnavailableException($"{call} was not sent: the host of the caller is not running."));
        }
    }
}
