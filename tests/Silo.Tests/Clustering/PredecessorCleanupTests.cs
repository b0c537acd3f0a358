using System.Net;
using System.Net.Sockets;
using Loire.Silo.Clustering;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Silo.Tests.Clustering;

/// <summary>The start of a silo whose broker has a member in the table already.</summary>
public sealed class PredecessorCleanupTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener _predecessor = new(IPAddress.Loopback, 0);
    private readonly ManualTime _time = new();

    public PredecessorCleanupTests() => _predecessor.Start();

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_predecessor_that_has_ended_is_declared_dead_until_the_table_says_so(int lost)
    {
        var members = Members("broker-1");
        members.LostKills = lost;
        _predecessor.Stop();
        await RunAsync(members);
        Assert.Equal((SiloStatus.Dead, lost + 1), (members.Status, members.Kills));
    }

    [Fact]
    public async Task A_predecessor_that_cannot_be_declared_dead_does_not_keep_the_silo_from_joining()
    {
        var members = Members("broker-1");
        members.LostKills = int.MaxValue;
        _predecessor.Stop();
        await RunAsync(members);
        Assert.InRange(members.Kills, 2, 1_000);
    }

    [Fact]
    public async Task A_membership_table_that_does_not_answer_for_a_while_does_not_end_the_start()
    {
        var members = Members("broker-1");
        (members.LostKills, members.FailedRefreshes) = (2, 2);
        _predecessor.Stop();
        await RunAsync(members);
        Assert.Equal((SiloStatus.Dead, 3), (members.Status, members.Kills));
    }

    [Fact]
    public async Task A_predecessor_that_accepts_connections_is_left_alone()
    {
        var members = Members("broker-1");
        await RunAsync(members);
        Assert.Equal(0, members.Kills);
    }

    [Fact]
    public async Task Another_broker_is_left_alone_though_it_has_ended()
    {
        var members = Members("broker-2");
        _predecessor.Stop();
        await RunAsync(members);
        Assert.Equal(0, members.Kills);
    }

    public void Dispose() => _predecessor.Dispose();

    private FakeMembers Members(string name) => new(SiloAddress.New((IPEndPoint)_predecessor.LocalEndpoint, 1), name);

    private async Task RunAsync(FakeMembers members)
    {
        var cleanup = new PredecessorCleanup(members, new FakeSilo(), _time, NullLogger<PredecessorCleanup>.Instance);
        var running = cleanup.DeclareDeadAsync(default);
        using var patience = new CancellationTokenSource(Patience);
        while (!running.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            if (_time.WaitingTimers > 0)
            {
                _time.AdvanceToNextTimer();
            }

            await Task.Yield();
        }

        await running;
    }
}
