using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Loire.Grains.Interfaces.Groups;
using Loire.Log;
using Loire.Model;
using Loire.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Offset = Loire.Model.Offset;

namespace Loire.Groups.Benchmarks;

/// <summary>
/// Commits with durable answers to 1,000 groups at once, and the memory of 100,000 groups that exist and are not used, on one silo over a
/// file store.
/// </summary>
internal static class GroupGrains
{
    public static async Task MeasureAsync(string directory)
    {
        try
        {
            var store = await FileGrainStorage.OpenAsync(
                new FileStoreOptions { Directory = directory }, TimeProvider.System, NullLogger.Instance);
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
            builder.UseOrleans(silo =>
            {
                silo.UseLocalhostClustering(FreePort(), gatewayPort: 0);
                silo.AddFileGrainStorage(LogStorage.ProviderName, store);
                silo.AddLoireGrains(options => options.CacheBytes = 0);
            });
            using var host = builder.Build();
            await host.StartAsync();
            var grains = host.Services.GetRequiredService<IGrainFactory>();
            await CommitsAsync(grains, store);
            await ManyGroupsAsync(grains);
            await host.StopAsync();
            await store.DisposeAsync();
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    // Each group has two commits under way, as of two members.
    private static async Task CommitsAsync(IGrainFactory grains, FileGrainStorage store)
    {
        const int Groups = 1_000, UnderWay = 2, PerRound = 20, Rounds = 5;
        IGroupGrain[] groups = [.. Enumerable.Range(0, Groups).Select(i => grains.GetGrain<IGroupGrain>(Name("busy", i)))];
        await RoundAsync();
        for (var round = 0; round < Rounds; round++)
        {
            var (syncs, cpu, start) = (store.Statistics.Syncs, Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
            await RoundAsync();
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            const int Commits = Groups * UnderWay * PerRound;
            var cpuEach = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / Commits;
            Console.WriteLine(
                $"{Groups:N0} groups: {Commits / seconds:N0} commits/s, {(store.Statistics.Syncs - syncs) / seconds:N0} syncs/s, "
                + $"{cpuEach:N1} us of processor each");
        }

        Task RoundAsync() => Task.WhenAll(groups.SelectMany(group => Enumerable.Range(0, UnderWay).Select(async partition =>
        {
            for (var i = 0; i < PerRound; i++)
            {
                await CommitAsync(group, partition, i);
            }
        })));
    }

    private static async Task ManyGroupsAsync(IGrainFactory grains)
    {
        const int Groups = 100_000, AtOnce = 500;
        var management = grains.GetGrain<IManagementGrain>(0);
        await QuietAsync(management);
        var (before, start) = (GC.GetTotalMemory(forceFullCollection: true), Stopwatch.GetTimestamp());
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async lane =>
        {
            for (var i = lane; i < Groups; i += AtOnce)
            {
                await CommitAsync(grains.GetGrain<IGroupGrain>(Name("many", i)), 0, i);
            }
        }));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var active = await management.GetTotalActivationCount();
        var busy = GC.GetTotalMemory(forceFullCollection: true) - before;
        await QuietAsync(management);
        var idle = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine(
            $"{Groups:N0} groups created at {Groups / seconds:N0}/s; then {active:N0} active, {busy / 1e6:N0} MB; "
            + $"idle {await management.GetTotalActivationCount():N0} active, {idle / (double)Groups:N0} B a group (index of the store and its id)");
    }

    // Lets every activation go that nobody uses, and waits until they are gone.
    private static async Task QuietAsync(IManagementGrain management)
    {
        await management.ForceActivationCollection(TimeSpan.FromSeconds(1));
        for (var last = -1; await management.GetTotalActivationCount() is var count && count != last; last = count)
        {
            await Task.Delay(TimeSpan.FromSeconds(5));
        }
    }

    private static async Task CommitAsync(IGroupGrain group, int partition, long offset)
    {
        var result = await group.Commit(new CommitRequest(
            null, -1,
            [new CommittedOffset(
                new TopicPartition(TopicName.Parse("orders"), partition), new Offset(offset), LeaderEpoch.None, "", Timestamp.None)]));
        if (result.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{result.Error}: {result.Detail}");
        }
    }

    private static string Name(string kind, int number) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{number}");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
