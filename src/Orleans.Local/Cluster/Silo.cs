using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Activations;
using Orleans.Calls;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Scheduling;

namespace Orleans.Cluster;

/// <summary>One silo: its place in the cluster, and its activations.</summary>
internal sealed class Silo : Caller, ILocalSiloDetails, IDisposable
{
    private readonly ConcurrentDictionary<Activation, bool> _activations = new();
    private readonly EndpointOptions _endpoints;
    private ITimer? _collector;
    private volatile SiloStatus _status = SiloStatus.Created;
    private int _killed;

    // Calls time out by the system's clock, whatever clock the grains have: a test that moves theirs must not break the calls under way.
    public Silo(
        IServiceProvider services,
        TimeProvider time,
        IOptions<LocalClusteringOptions> clustering,
        IOptions<ClusterOptions> cluster,
        IOptions<SiloOptions> silo,
        IOptions<EndpointOptions> endpoints,
        IOptions<GrainCollectionOptions> collection,
        IOptions<SiloMessagingOptions> messaging,
        ILogger<Silo> log)
        : base(Clusters.Take(clustering.Value.Key(cluster.Value.ClusterId, SiloEndpoint(endpoints.Value))), TimeProvider.System)
    {
        (Services, Time, Log, Collection, Messaging) = (services, time, log, collection.Value, messaging.Value);
        _endpoints = endpoints.Value;
        ClusterId = cluster.Value.ClusterId;
        Address = SiloAddress.New(SiloEndpoint(_endpoints), SiloAddress.AllocateNewGeneration());
        Name = silo.Value.SiloName ?? $"Silo_{Address.Endpoint.Port}_{Address.Generation}";
        Placement = new PlacementService(this);
    }

    public string Name { get; }

    public string ClusterId { get; }

    public string DnsHostName => Dns.GetHostName();

    public SiloAddress Address { get; }

    SiloAddress ILocalSiloDetails.SiloAddress => Address;

    SiloAddress ILocalSiloDetails.GatewayAddress => SiloAddress.New(_endpoints.AdvertisedIPAddress, _endpoints.GatewayPort, 0);

    public SiloStatus Status => _status;

    public IServiceProvider Services { get; }

    public TimeProvider Time { get; }

    public ILogger Log { get; }

    public Workers Workers { get; } = Workers.ThreadPool;

    public GrainCollectionOptions Collection { get; }

    public SiloMessagingOptions Messaging { get; }

    public PlacementService Placement { get; }

    public override TimeSpan ResponseTimeout => Messaging.ResponseTimeout;

    public override bool CancelRequestOnTimeout => Messaging.CancelRequestOnTimeout;

    public override bool IsConnected => _status is SiloStatus.Active or SiloStatus.ShuttingDown;

    public override Silo? Gateway => _status == SiloStatus.Active ? this : Cluster.AnyActiveSilo();

    public IEnumerable<Activation> Activations => _activations.Keys;

    /// <summary>Milliseconds by the grains' clock, from any start.</summary>
    public long Now => Time == TimeProvider.System ? Environment.TickCount64 : (long)Time.GetElapsedTime(0).TotalMilliseconds;

    public void Listen()
    {
        Clusters.Listen(this, SiloEndpoint(_endpoints), new IPEndPoint(_endpoints.AdvertisedIPAddress, _endpoints.GatewayPort));
        _status = SiloStatus.Joining;
    }

    public void Join()
    {
        using (ExecutionContext.SuppressFlow())
        {
            var every = Collection.CollectionQuantum;
            _collector = Time.CreateTimer(static silo => _ = ((Silo)silo!).CollectAsync(), this, every, every);
        }

        _status = SiloStatus.Active;
        Cluster.Join(this);
    }

    /// <summary>
    /// Takes in a new activation; false if the silo is not active. One that is added while the silo stops is either refused here or seen
    /// there.
    /// </summary>
    public bool TryAdd(Activation activation)
    {
        _activations.TryAdd(activation, true);
        return _status == SiloStatus.Active;
    }

    public void Forget(Activation activation)
    {
        Cluster.Forget(activation);
        _activations.TryRemove(activation, out _);
    }

    /// <summary>
    /// Sends a call on that waited at an activation which has ended, or failed to activate with <paramref name="failure"/>.
    /// </summary>
    public void Forward(Call call, Exception? failure)
    {
        if (failure is not null)
        {
            call.Fail(failure);
        }
        else if (call.ForwardCount >= Messaging.MaxForwardCount)
        {
            var message = $"{call} met {call.ForwardCount + 1} activations in turn that were about to end.";
            call.Fail(new OrleansMessageRejectionException(message));
        }
        else if (!call.IsAnswered)
        {
            call.ForwardCount++;
            Cluster.Deliver(call, this);
        }
    }

    /// <summary>
    /// Deactivates the activations that nothing used for <paramref name="age"/>, or for the age configured for their class.
    /// </summary>
    public Task CollectAsync(TimeSpan? age = null)
    {
        List<Task> deactivated = [];
        foreach (var activation in _activations.Keys)
        {
            var limit = activation.Class.CollectionAge(Collection);
            if (limit != Timeout.InfiniteTimeSpan && activation.CollectIfIdle(age ?? limit))
            {
                deactivated.Add(activation.Deactivated);
            }
        }

        return Task.WhenAll(deactivated);
    }

    /// <summary>Deactivates everything; new activations of the same grains go to other silos.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        _status = SiloStatus.ShuttingDown;
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo stops.");
        await Task.WhenAll(_activations.Keys.Select(activation =>
        {
            activation.Deactivate(reason, cancellation);
            return activation.Deactivated;
        })).WaitAsync(cancellation);
    }

    /// <summary>
    /// Leaves the cluster at once. What is still active is abandoned, as in a crash: calls fail, timers stop, and no grain is told.
    /// </summary>
    public void Kill()
    {
        if (Interlocked.Exchange(ref _killed, 1) != 0)
        {
            return;
        }

        _status = SiloStatus.Dead;
        Cluster.Leave(this);
        _collector?.Dispose();
        Clusters.StopListening(this);
        foreach (var activation in _activations.Keys)
        {
            activation.Abandon(new SiloUnavailableException($"{Address} is gone."));
        }

        Outstanding.Dispose();
        Clusters.Release(Cluster);
    }

    public void Dispose() => Kill();

    private static IPEndPoint SiloEndpoint(EndpointOptions endpoints) => new(endpoints.AdvertisedIPAddress, endpoints.SiloPort);
}
