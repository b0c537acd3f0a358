using System.Net.Sockets;

namespace Loire.Silo.Clustering;

/// <summary>
/// Declares dead the earlier processes of this broker that ended without leaving the cluster, before the silo joins. A silo that joins waits for an answer of
/// each silo that the membership table calls active, so after all nodes have ended at once, each would wait for minutes for those that are gone.
/// Orleans does the same for a silo that starts on its predecessor's address, which free ports and the addresses of containers are not.
/// </summary>
/// <remarks>A process whose port accepts connections or does not answer is left alone: it may be alive, on another machine or paused.</remarks>
internal sealed partial class PredecessorCleanup(
    IClusterMembershipService membership, ILocalSiloDetails self, TimeProvider time, ILogger<PredecessorCleanup> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    // The membership table has been read, and this silo has not joined yet.
    private const int Stage = ServiceLifecycleStage.AfterRuntimeGrainServices + 1;

    // A refusal comes at once; longer than this, the address does not answer.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(PredecessorCleanup), Stage, DeclareDeadAsync);

    /// <summary>Declares them dead, and waits for a bounded time until the membership table says so. What remains is left to the probes of the other silos.</summary>
    internal async Task DeclareDeadAsync(CancellationToken stop)
    {
        var ended = new List<SiloAddress>();
        foreach (var (address, member) in membership.CurrentSnapshot.Members)
        {
            if (member.Name == self.Name && !address.Equals(self.SiloAddress) && !IsDead(address) && await RefusesAsync(address, stop))
            {
                LogEnded(logger, address);
                ended.Add(address);
            }
        }

        for (var begun = time.GetTimestamp(); ended.Count > 0 && time.GetElapsedTime(begun) < Patience; ended.RemoveAll(IsDead))
        {
            // Orleans only queues the request, and drops it if another silo changes the table meanwhile, as when all nodes start at once.
            foreach (var address in ended)
            {
                await membership.TryKill(address);
            }

            await Task.Delay(BetweenAttempts, time, stop);
            try
            {
                await membership.Refresh(cancellationToken: stop);
            }
            catch (Exception failure) when (!stop.IsCancellationRequested)
            {
                // Joining, which follows, has a patience of its own with the table.
                LogNotRead(logger, failure);
            }
        }

        foreach (var address in ended)
        {
            LogNotDeclared(logger, address);
        }
    }

    private bool IsDead(SiloAddress address) => membership.CurrentSnapshot.GetSiloStatus(address) is SiloStatus.Dead or SiloStatus.None;

    private static async Task<bool> RefusesAsync(SiloAddress address, CancellationToken stop)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(AnswerTimeout);
        using var socket = new Socket(address.Endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address.Endpoint, timeout.Token);
            return false;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "This broker's earlier silo {Silo} has ended without leaving the cluster. It is declared dead.")]
    private static partial void LogEnded(ILogger logger, SiloAddress silo);

    [LoggerMessage(2, LogLevel.Warning, "The silo {Silo} could not be declared dead now. This silo joins beside it.")]
    private static partial void LogNotDeclared(ILogger logger, SiloAddress silo);

    [LoggerMessage(3, LogLevel.Warning, "The membership table could not be read to see whether earlier silos of this broker are declared dead.")]
    private static partial void LogNotRead(ILogger logger, Exception failure);
}
