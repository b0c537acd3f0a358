using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Loire.Silo.Clustering;

/// <summary>
/// Notices within a fraction of a second that the process of a peer has ended, which Orleans' probes take more than a second for. It keeps a
/// connection to each peer's silo port. When one drops and the port refuses two new ones, no process listens there, and the peer is declared
/// dead.
/// </summary>
/// <remarks>
/// A peer that is merely slow, paused or cut off refuses nothing, so it is left to the probes. The same holds for one to which there has been no
/// connection yet: it may be starting.
/// </remarks>
internal sealed partial class PeerWatcher(IClusterMembershipService membership, ILocalSiloDetails self, TimeProvider time, ILogger<PeerWatcher> logger, SiloCertificate? certificate = null)
    : BackgroundService
{
    // A refusal takes microseconds. Two of them, so that a listener that is replaced does not count.
    private const int Refusals = 2;

    private static readonly TimeSpan BetweenRefusals = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<SiloAddress, Task> _watches = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var view in membership.MembershipUpdates.WithCancellation(stoppingToken))
            {
                foreach (var peer in view.Members.Keys.Where(address => !address.Equals(self.SiloAddress) && IsActive(view, address)))
                {
                    _ = _watches.GetOrAdd(peer, address => WatchAsync(address, stoppingToken));
                }
            }
        }
        catch (OperationCanceledException)
        {
        }

        await Task.WhenAll(_watches.Values);
    }

    private async Task WatchAsync(SiloAddress peer, CancellationToken stop)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var (wasConnected, keepsDropping) = (false, false);
            while (IsActive(membership.CurrentSnapshot, peer))
            {
                var started = time.GetTimestamp();
                var outcome = await ConnectAsync(peer.Endpoint, stop);
                for (var refusals = 1; wasConnected && outcome == SocketError.ConnectionRefused && refusals < Refusals; refusals++)
                {
                    await Task.Delay(BetweenRefusals, time, stop);
                    outcome = await ConnectAsync(peer.Endpoint, stop);
                }

                if (wasConnected && outcome == SocketError.ConnectionRefused)
                {
                    await DeclareDeadAsync(peer);
                }

                wasConnected |= outcome == SocketError.Success;

                // After the first drop the next attempt tells at once whether the peer has ended. A peer that closes every connection, as with a
                // certificate that has expired, is not asked again and again.
                var isShort = time.GetElapsedTime(started) < BetweenAttempts;
                if (outcome != SocketError.Success || (isShort && keepsDropping))
                {
                    await Task.Delay(BetweenAttempts, time, stop);
                }

                keepsDropping = outcome == SocketError.Success && isShort;
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            _watches.TryRemove(peer, out _);
        }
    }

    /// <summary>Connects, and returns once the connection has ended; or returns why there was none.</summary>
    private async Task<SocketError> ConnectAsync(IPEndPoint endpoint, CancellationToken stop)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint, stop);
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode;
        }

        try
        {
            await using var connection = new NetworkStream(socket);
            await using var stream = certificate is null ? connection : await certificate.AuthenticateAsync(connection, stop);

            // A silo says nothing to a peer that does not, but reading notices the end. Whatever comes is ignored.
            var ignored = new byte[256];
            while (await stream.ReadAsync(ignored, stop) > 0)
            {
            }
        }
        catch (Exception end) when (end is IOException or AuthenticationException)
        {
        }

        return SocketError.Success;
    }

    private async Task DeclareDeadAsync(SiloAddress peer)
    {
        // In the meantime it may have left in order.
        if (!IsActive(membership.CurrentSnapshot, peer))
        {
            return;
        }

        try
        {
            LogEnded(logger, peer);
            await membership.TryKill(peer);
        }
        catch (Exception failure)
        {
            // The membership table cannot be written now: the probes go on trying.
            LogNotDeclared(logger, peer, failure);
        }
    }

    private static bool IsActive(ClusterMembershipSnapshot view, SiloAddress peer) => view.GetSiloStatus(peer) == SiloStatus.Active;

    [LoggerMessage(1, LogLevel.Warning, "The silo {Peer} has ended: its connection dropped and its port refuses new ones. It is declared dead.")]
    private static partial void LogEnded(ILogger logger, SiloAddress peer);

    [LoggerMessage(2, LogLevel.Warning, "The silo {Peer} could not be declared dead now.")]
    private static partial void LogNotDeclared(ILogger logger, SiloAddress peer, Exception failure);
}
