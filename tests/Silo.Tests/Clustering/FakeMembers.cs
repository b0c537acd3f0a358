using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;

namespace Loire.Silo.Tests.Clustering;

/// <summary>The members of a cluster of two, as the first one sees them.</summary>
/// <param name="peer">The address of the other one.</param>
/// <param name="name">Its name.</param>
internal sealed class FakeMembers(SiloAddress peer, string name) : IClusterMembershipService
{
    private readonly Channel<ClusterMembershipSnapshot> _updates = Channel.CreateUnbounded<ClusterMembershipSnapshot>();

    public SiloAddress Peer => peer;

    public SiloStatus Status { get; set; } = SiloStatus.Active;

    /// <summary>How many of the requests to declare the peer dead are without effect, as when another silo changes the table at the same time.</summary>
    public int LostKills { get; set; }

    /// <summary>How many refreshes fail, as while the membership table does not answer.</summary>
    public int FailedRefreshes { get; set; }

    /// <summary>How often the peer was to be declared dead.</summary>
    public int Kills { get; private set; }

    public TaskCompletionSource<SiloAddress> Killed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ClusterMembershipSnapshot CurrentSnapshot => new(
        ImmutableDictionary<SiloAddress, ClusterMember>.Empty.Add(peer, new ClusterMember(peer, Status, name)), new MembershipVersion(1));

    public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates
    {
        get
        {
            _updates.Writer.TryWrite(CurrentSnapshot);
            return _updates.Reader.ReadAllAsync();
        }
    }

    public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) =>
        FailedRefreshes-- > 0 ? ValueTask.FromException(new IOException("The table does not answer.")) : default;

    public Task<bool> TryKill(SiloAddress siloAddress)
    {
        if (Kills++ >= LostKills)
        {
            Status = SiloStatus.Dead;
            Killed.TrySetResult(siloAddress);
        }

        return Task.FromResult(true);
    }
}

/// <summary>The first of two silos.</summary>
internal sealed class FakeSilo : ILocalSiloDetails
{
    public string Name => "broker-1";

    public string ClusterId => "c";

    public string DnsHostName => "localhost";

    public SiloAddress SiloAddress { get; } = SiloAddress.New(IPAddress.Loopback, 1, 1);

    public SiloAddress GatewayAddress => SiloAddress;
}
