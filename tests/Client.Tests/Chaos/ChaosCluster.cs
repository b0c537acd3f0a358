using System.Collections.Concurrent;
using System.Globalization;
using Loire.Grains.Hosting;
using Loire.Log;
using Loire.Log.Journals;
using Loire.Log.Partitions;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.TestingHost;

namespace Loire.Client.Tests.Chaos;

/// <summary>
/// Three silos of this process over one store in memory, to which everything happens that can happen to a cluster. A silo that is declared dead does
/// not learn of it at once: meanwhile the others have its grains, and it has them too.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private const int SilosCount = 3;

    /// <summary>
    /// Some silos close partitions all the time to open others; the others keep them open, and know them only as they were unless they look.
    /// </summary>
    private const int FewOpenPartitions = 4;

    /// <summary>How long a write is retried before its log gives up; shorter than some of the faults.</summary>
    private static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, SiloFaults> _faults = new();
    private readonly InProcessTestCluster _cluster;
    private readonly Action<string> _log;
    private int _silos;

    /// <param name="log">Takes what happens.</param>
    /// <param name="areBrokers">Whether the silos are brokers, so that the cluster has a feature level.</param>
    /// <param name="configure">Changes the settings of each silo.</param>
    public ChaosCluster(Action<string> log, bool areBrokers = false, Action<LoireGrainsOptions>? configure = null)
    {
        _log = log;
        var builder = new InProcessTestClusterBuilder(SilosCount);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((options, silo) =>
        {
            var faults = _faults[options.SiloName] = new SiloFaults(Storage);
            var number = Interlocked.Increment(ref _silos);
            var hasFewOpen = number % 2 == 0;
            silo.Services.AddSingleton<ILoggerProvider>(new ErrorLog(problem => log($"{options.SiloName} has logged: {problem}")));
            silo.AddIncomingGrainCallFilter(faults);
            silo.Services.AddKeyedSingleton<Orleans.Storage.IGrainStorage>(LogStorage.ProviderName, faults);
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = TimeSpan.FromSeconds(1);
                membership.UseLivenessGossip = false;
                membership.TableRefreshTimeout = TimeSpan.FromSeconds(6);
            });
            silo.AddLoireGrains(loire =>
            {
                loire.CacheBytes = 1024 * 1024;
                loire.OpenPartitions = hasFewOpen ? FewOpenPartitions : loire.OpenPartitions;
                loire.PartitionLog = new PartitionLogOptions { UnknownOutcomeDeadline = GiveUp, TailChunks = 16, WholeChunkBytes = 4096 };
                loire.Journal = new JournalOptions { UnknownOutcomeDeadline = GiveUp, SnapshotAfterBytes = 2_000 };
                loire.SettleInterval = TimeSpan.FromSeconds(1);
                configure?.Invoke(loire);
            });
            if (areBrokers)
            {
                silo.AddLoireBroker(broker => (broker.Id, broker.IsAlone) = (number, false));
            }
        });
        _cluster = builder.Build();
    }

    public LossyGrainStorage Storage { get; } = new();

    /// <summary>Calls from outside, by way of a silo that is alive.</summary>
    public IGrainFactory Client => _cluster.Client;

    public Task StartAsync() => _cluster.DeployAsync();

    /// <summary>Calls from within some silo, one that is paused, cut off or declared dead included.</summary>
    public IGrainFactory AnySilo(Random random)
    {
        while (true)
        {
            var silos = _cluster.Silos;
            try
            {
                return silos[random.Next(silos.Count)].ServiceProvider.GetRequiredService<IGrainFactory>();
            }
            catch (ObjectDisposedException)
            {
                // It has ended since.
            }
        }
    }

    /// <summary>
    /// Some of the calls of storage fail, lose their answers, or arrive late; with a share of 0, none.
    /// </summary>
    public void LoseCalls(Random random, double share) => Storage.Faults = share == 0 ? null : call =>
    {
        int kind, wait;
        lock (random)
        {
            (kind, wait) = (random.NextDouble() < share ? random.Next(3) : 3, random.Next(200));
        }

        var lost = new IOException("Storage was made to fail.");
        return Task.FromResult(
            kind == 3 ? StorageFault.None
            : kind == 0 || call.Operation is StorageOperation.Read or StorageOperation.List ? StorageFault.Refuse(lost)
            : kind == 1 ? StorageFault.LoseAnswer(lost)
            : StorageFault.ArriveLate(lost, Task.Delay(wait)));
    };

    /// <summary>Kills the silo at an address, and starts another one.</summary>
    public Task KillAsync(SiloAddress address)
    {
        var victim = _cluster.Silos.Single(silo => silo.SiloAddress == address);
        Say($"{victim.Name} is killed");
        return ReplaceAsync(victim, _faults[victim.Name]);
    }

    /// <summary>Lets something happen to some silo, and waits until it is over.</summary>
    public async Task HappenAsync(Random random)
    {
        var silos = _cluster.Silos.Where(silo => silo.IsActive).ToList();
        var victim = silos[random.Next(silos.Count)];
        var faults = _faults[victim.Name];
        var duration = TimeSpan.FromMilliseconds(random.Next(100, 4_000));
        switch (random.Next(5))
        {
            case 0:
                Say($"{victim.Name} pauses for {duration.TotalMilliseconds} ms");
                faults.Pause();
                await Task.Delay(duration);
                faults.Heal();
                break;
            case 1:
                Say($"{victim.Name} is cut off from storage for {duration.TotalMilliseconds} ms");
                faults.CutOff();
                await Task.Delay(duration);
                faults.Heal();
                break;
            case 2:
                Say($"{victim.Name} is killed");
                await ReplaceAsync(victim, faults);
                break;
            case 3:
                Say($"{victim.Name} stops in order");
                await _cluster.StopSiloAsync(victim);
                await _cluster.StartAdditionalSiloAsync();
                break;
            default:
                var isPaused = random.Next(2) == 0;
                Say($"{victim.Name} is declared dead{(isPaused ? $", paused for {duration.TotalMilliseconds} ms," : "")} and goes on until it learns of it");
                if (isPaused)
                {
                    faults.Pause();
                }

                var witness = silos.First(silo => silo != victim);
                await witness.ServiceProvider.GetRequiredService<IClusterMembershipService>().TryKill(victim.SiloAddress);
                await Task.Delay(duration);
                faults.Heal();
                await Task.Delay(TimeSpan.FromSeconds(random.Next(3)));
                await ReplaceAsync(victim, faults);
                break;
        }
    }

    private async Task ReplaceAsync(InProcessSiloHandle victim, SiloFaults faults)
    {
        faults.Die();
        try
        {
            await _cluster.KillSiloAsync(victim);
        }
        catch (OperationCanceledException)
        {
            // The silo ends in the middle of whatever it was doing, also of a stop of its own because it was declared dead.
        }

        await _cluster.StartAdditionalSiloAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var faults in _faults.Values)
        {
            faults.Die();
        }

        await _cluster.DisposeAsync();
    }

    private void Say(string what) => _log(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {what}"));
}
