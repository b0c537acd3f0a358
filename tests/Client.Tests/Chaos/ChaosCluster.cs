using System.Collections.Concurrent;
using System.Globalization;
using Loire.Log;
using Loire.Log.Journals;
using Loire.Log.Partitions;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;
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

    public ChaosCluster(Action<string> log)
    {
        _log = log;
        var builder = new InProcessTestClusterBuilder(SilosCount);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((options, silo) =>
        {
            var faults = _faults[options.SiloName] = new SiloFaults(Storage);
            var hasFewOpen = _faults.Count % 2 == 0;
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
            });
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
