using System.Diagnostics;
using System.Globalization;
using Azure.Core;
using Azure.Storage.Blobs;
using Loire.Client.Tests;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Log.Partitions;
using Loire.Log.Tests.Lives;
using Loire.Storage.Tests.Azurite;
using Loire.TestKit;
using Xunit.Abstractions;

namespace Loire.Silo.Tests.Faults;

/// <summary>
/// The life of a log whose requests go wrong on their way between Azure's SDK, which repeats them, and Azurite: the same faults and the same demands
/// as in the sweep over a store in memory (Log.Tests), on the provider, the SDK and the protocol that a node uses.
/// </summary>
public sealed class WireFaultTests(ITestOutputHelper output)
{
    private static int _containers;

    private static readonly PartitionLogOptions _options = new()
    {
        SegmentBytes = 900,
        WholeChunkBytes = 600,
        TailChunks = 4,
        HeadSegments = 2,
        RewriteBytes = 1500,
        UnknownOutcomeDeadline = TimeSpan.FromMilliseconds(1500),
        RetryDelayMin = TimeSpan.FromMilliseconds(5),
        RetryDelayMax = TimeSpan.FromMilliseconds(50),
    };

    public static TheoryData<string> Names() => [.. WireFault.All.Select(fault => fault.Name)];

    [AzuriteTheory]
    [MemberData(nameof(Names))]
    public void One_fault_at_each_kind_of_request_loses_nothing_and_leaves_a_log_that_works(string name) => SingleThread.Run(async () =>
    {
        var fault = WireFault.All.Single(fault => fault.Name == name);
        var seen = new Dictionary<CallSite, int>();
        var (hits, again, target) = (new HashSet<CallSite>(), 0, "");
        await LiveAsync(
            request =>
            {
                if (WireFault.SiteOf(request) is not { } site || !fault.Sites.Contains(site))
                {
                    return null;
                }

                if (request.Target == target && again > 0)
                {
                    again--;
                    return fault.Faults;
                }

                seen[site] = seen.GetValueOrDefault(site) + 1;
                if (!fault.Occurrences.Contains(seen[site]))
                {
                    return null;
                }

                hits.Add(site);
                (target, again) = (request.Target, fault.Times - 1);
                return fault.Faults;
            },
            mayLeak: fault.Denies);
        output.WriteLine(string.Join(' ', seen.Select(site => $"{site.Key}:{site.Value}")));
        Assert.Equal(fault.Sites.Order(), hits.Order());
    });

    /// <summary>A policy that keeps everything for ever, as regulators ask for: appends go on, and what waits is deleted once it may be.</summary>
    [AzuriteFact]
    public void Log_whose_objects_may_not_be_deleted_works() => SingleThread.Run(() => LiveAsync(
        request => WireFault.SiteOf(request) == CallSite.Delete
            ? new ProxyFaults { Instead = new ServiceError(409, "BlobImmutableDueToPolicy") }
            : null,
        mayLeak: false,
        endsInPeace: true));

    [AzuriteFact]
    public void Container_that_is_gone_is_not_taken_for_an_empty_one() => SingleThread.Run(async () =>
    {
        await using var wire = await Wire.StartAsync();
        var users = new LogUsers(wire.Store.Storage, "gone/0", _options, TimeProvider.System);
        var log = users.New();
        Assert.Equal(ErrorCode.None, await log.OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await users.AppendAsync(log));
        await new BlobContainerClient((await AzuriteServer.SharedAsync()).ConnectionString, wire.Store.Container.Name).DeleteAsync();
        Assert.Equal(ErrorCode.KafkaStorageError, await users.AppendAsync(log));
        Assert.Contains("container", log.CloseReason, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.KafkaStorageError, await users.New().OpenAsync(CancellationToken.None));
        await Assert.ThrowsAsync<StorageBrokenException>(() => LogNames.OfKindAsync(wire.Store.Listing, "gone"));
        Assert.False(await wire.Store.Container.ExistsAsync());
    });

    /// <summary><c>LOIRE_FAULTS</c>, such as 60s or 150m, says how long; else it is one life.</summary>
    [AzuriteFact]
    public void Five_percent_of_all_requests_end_in_any_way_and_nothing_is_lost() => SingleThread.Run(async () =>
    {
        var (duration, started, seed) = (OptInRun.Duration("LOIRE_FAULTS"), Stopwatch.GetTimestamp(), OptInRun.Seed());
        var (lives, requests, faulty) = (0, 0, 0);
        do
        {
            var random = new Random(seed);
            var denied = new HashSet<string>();
            output.WriteLine($"LOIRE_SEED={seed++}");
            await LiveAsync(
                request =>
                {
                    requests++;
                    if (random.NextDouble() >= 0.05 || WireFault.SiteOf(request) is not { } site)
                    {
                        denied.Remove(request.Target);
                        return null;
                    }

                    var applicable = WireFault.All.Where(fault => fault.Sites.Contains(site)).ToArray();
                    var fault = applicable[random.Next(applicable.Length)];

                    // Never twice in a row: that would be damage of what is stored.
                    faulty++;
                    return (fault.Faults.AnswersOld || fault.Faults.ChangesAnswer is not null) && !denied.Add(request.Target) ? null : fault.Faults;
                },
                mayLeak: true);
            lives++;
        }
        while (Stopwatch.GetElapsedTime(started) < duration);
        output.WriteLine($"{lives} lives, {requests} requests, {faulty} of them faulty");
    });

    private static async Task LiveAsync(Func<ProxiedRequest, ProxyFaults?> faults, bool mayLeak, bool endsInPeace = false)
    {
        await using var wire = await Wire.StartAsync();
        var (storage, listing, proxy) = (wire.Store.Storage, wire.Store.Listing, wire.Proxy);
        var users = new LogUsers(storage, "wire/0", _options, TimeProvider.System) { Pause = TimeSpan.FromMilliseconds(20) };
        proxy.Choose = request => faults(request);
        await new LogLife(users).LiveAsync();
        proxy.Choose = static _ => null;
        var last = new PersistentOwner(users);
        await users.VerifyAsync(last);
        await last.StopAsync();
        Assert.Empty(users.History.Violations);
        if (!mayLeak)
        {
            Assert.Empty(await LogAudit.FindAsync(listing, storage, TimeProvider.System));
        }

        proxy.Choose = endsInPeace ? static _ => null : request => faults(request);
        await new LogLife(users).EndAsync(storage, listing);
        proxy.Choose = static _ => null;
        await new LogLife(users).EndAsync(storage, listing);
        Assert.Empty(wire.Store.Container.GetBlobs().Select(blob => blob.Name));
        Assert.Empty(users.History.Violations);
    }

    /// <summary>A container that is reached by way of a proxy.</summary>
    private sealed record Wire(HttpFaultProxy Proxy, OfflineAzureStore Store) : IAsyncDisposable
    {
        public static async Task<Wire> StartAsync()
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"wire-faults-{Interlocked.Increment(ref _containers)}");
            var azurite = await AzuriteServer.SharedAsync();
            await new BlobContainerClient(azurite.ConnectionString, name).CreateAsync();
            var proxy = await HttpFaultProxy.StartAsync(azurite.Blobs);

            // As often as by default, and sooner.
            var options = AzureClients.Options();
            (options.Retry.Mode, options.Retry.Delay) = (RetryMode.Fixed, TimeSpan.FromMilliseconds(10));
            var blobs = new BlobServiceClient(AzuriteServer.ConnectionStringOf(proxy.Url, azurite.Tables), options);
            return new Wire(proxy, await OfflineAzureStore.OpenAsync(blobs, name));
        }

        public async ValueTask DisposeAsync()
        {
            await Store.DisposeAsync();
            await Proxy.DisposeAsync();
        }
    }
}
