using System.Net;
using System.Net.Sockets;
using Loire.Silo.Clustering;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Silo.Tests.Clustering;

/// <summary>The watcher before a peer that is a socket of the test.</summary>
public sealed class PeerWatcherTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener _peer = new(IPAddress.Loopback, 0);
    private readonly ManualTime _time = new();
    private FakeMembers _members = null!;
    private PeerWatcher _watcher = null!;

    public async Task InitializeAsync()
    {
        _peer.Start();
        _members = new FakeMembers(SiloAddress.New((IPEndPoint)_peer.LocalEndpoint, 1), "broker-2");
        _watcher = new PeerWatcher(_members, new FakeSilo(), _time, NullLogger<PeerWatcher>.Instance);
        await _watcher.StartAsync(default);
    }

    [Fact]
    public async Task A_peer_whose_connection_drops_and_whose_port_refuses_two_more_is_declared_dead()
    {
        var connection = await AcceptAsync();
        _peer.Stop();
        connection.Dispose();
        await WaitsAsync();
        Assert.False(_members.Killed.Task.IsCompleted, "One refusal was enough.");
        _time.AdvanceToNextTimer();
        Assert.Equal(_members.Peer, await _members.Killed.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_peer_that_closes_every_connection_is_connected_to_again_only_after_a_pause_and_is_not_dead()
    {
        (await AcceptAsync()).Dispose();
        (await AcceptAsync()).Dispose();
        await WaitsAsync();
        Assert.False(_peer.Pending(), "There was no pause.");
        _time.AdvanceToNextTimer();
        (await AcceptAsync()).Dispose();
        Assert.False(_members.Killed.Task.IsCompleted);
    }

    [Fact]
    public async Task A_peer_that_leaves_in_order_is_not_declared_dead()
    {
        var connection = await AcceptAsync();
        _members.Status = SiloStatus.ShuttingDown;
        _peer.Stop();
        connection.Dispose();
        await _watcher.StopAsync(default);
        Assert.False(_members.Killed.Task.IsCompleted);
    }

    public async Task DisposeAsync()
    {
        await _watcher.StopAsync(default);
        _watcher.Dispose();
        _peer.Dispose();
    }

    private Task<Socket> AcceptAsync() => _peer.AcceptSocketAsync().WaitAsync(Patience);

    /// <summary>Waits until the watcher waits for time to pass.</summary>
    private async Task WaitsAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (_time.WaitingTimers == 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
