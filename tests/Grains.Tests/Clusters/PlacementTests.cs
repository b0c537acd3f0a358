using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Grains.Placement;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Model;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Orleans.TestingHost;
using Xunit.Abstractions;

namespace Loire.Grains.Tests.Clusters;

/// <summary>Which broker leads which partition, on three silos that are brokers 1 to 3.</summary>
public sealed class PlacementTests : IAsyncLifetime
{
    private const int Partitions = 6;
    private const int BusyPartitions = 1_000;

    // LOIRE_CLUSTER_PARTITIONS=10000 for a figure.
    private static readonly int ManyPartitions =
        int.TryParse(Environment.GetEnvironmentVariable("LOIRE_CLUSTER_PARTITIONS"), NumberStyles.None, CultureInfo.InvariantCulture, out var many) ? many : 60;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<int> _ids = new([1, 2, 3]);
    private readonly ConcurrentDictionary<string, int> _brokers = new();
    private readonly InProcessTestCluster _cluster;
    private readonly ITestOutputHelper _output;

    public PlacementTests(ITestOutputHelper output)
    {
        _output = output;
        var builder = new InProcessTestClusterBuilder(3);
        var store = new LossyGrainStorage();
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((options, silo) =>
        {
            Assert.True(_ids.TryDequeue(out var id));
            _brokers[options.SiloName] = id;
            silo.Services.AddKeyedSingleton<IGrainStorage>(LogStorage.ProviderName, store);
            silo.AddLoireGrains();
            silo.AddLoireBroker(broker =>
            {
                broker.Id = id;
                broker.IsAlone = false;
            });
        });
        _cluster = builder.Build();
    }

    public Task InitializeAsync() => _cluster.DeployAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Partitions_are_led_by_the_brokers_that_their_topic_prefers()
    {
        var topic = await CreateAsync();
        Assert.Equal([2, 2, 2], topic.PreferredLeaders!.CountBy(leader => leader).Select(pair => pair.Value));

        // Each silo asks for some of them first.
        for (var partition = 0; partition < Partitions; partition++)
        {
            await AppendAsync(Grains(1 + (partition % 3)), topic, partition);
        }

        Assert.Equal(topic.PreferredLeaders, Leaders(topic));
    }

    [Fact]
    public async Task Broker_that_drains_hands_over_its_partitions_and_no_call_fails()
    {
        var topic = await CreateAsync();
        await using var load = new SteadyLoad([Grains(1), Grains(3)], topic);
        await load.ProgressAsync();
        Assert.Equal(topic.PreferredLeaders, Leaders(topic));

        var moved = await Services(2).DrainLoireBrokerAsync();
        await load.ProgressAsync();

        Assert.InRange(moved, 2, int.MaxValue);
        Assert.DoesNotContain(2, Leaders(topic));
        Assert.Empty(Services(2).GetRequiredService<ActiveDrivers>().OfType<PartitionDriver>());

        // Nothing comes back while it is still a member, whoever asks.
        await AppendAsync(Grains(2), topic, 0);
        Assert.DoesNotContain(2, Leaders(topic));
        AssertNone(await load.EndAsync());
    }

    [Fact]
    public async Task Partitions_of_a_dead_broker_are_shared_by_the_others_and_return_when_it_comes_back()
    {
        var topic = await CreateAsync();
        await AppendToAllAsync(topic);
        await _cluster.KillSiloAsync(Silo(2));
        await UntilAsync(async () =>
        {
            await AppendToAllAsync(topic);
            return Leaders(topic).Where((_, partition) => topic.PreferredLeaders![partition] == 2).Order().SequenceEqual([1, 3]);
        });

        await using var load = new SteadyLoad([Grains(1), Grains(3)], topic);
        await load.ProgressAsync();
        _ids.Enqueue(2);
        await _cluster.StartAdditionalSiloAsync();
        await UntilAsync(() => Task.FromResult(Leaders(topic).SequenceEqual(topic.PreferredLeaders!)));
        await load.ProgressAsync();
        AssertNone(await load.EndAsync());
    }

    [Fact]
    public async Task Busy_partitions_of_a_dead_broker_take_records_again()
    {
        var topic = (await Topic().Create(new CreateTopicRequest(ManyPartitions, -1, [], false))).Topic!;
        var busy = Enumerable.Range(0, ManyPartitions).Where(partition => topic.PreferredLeaders![partition] == 2).Take(BusyPartitions).ToList();
        var at = Grains(1);
        await ForEachAsync(busy, partition => AppendAsync(at, topic, partition));
        var killed = Stopwatch.GetTimestamp();
        await _cluster.KillSiloAsync(Silo(2));
        await ForEachAsync(busy, partition => UntilAsync(async () =>
        {
            try
            {
                return (await Load.Partition(at, topic, partition).Append(new AppendRequest(Batch.Of("b"), Acks.All))).Error == ErrorCode.None;
            }
            catch (OrleansException)
            {
                return false;
            }
        }));
        _output.WriteLine($"{busy.Count} busy partitions of {ManyPartitions} took records again {Stopwatch.GetElapsedTime(killed).TotalSeconds:F2} s after the kill.");
        Assert.DoesNotContain(2, Leaders(topic));
    }

    private static Task ForEachAsync(List<int> partitions, Func<int, Task> act) => Parallel.ForEachAsync(
        partitions, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (partition, _) => await act(partition));

    [Fact]
    public async Task Rebalance_gives_a_new_broker_its_share_and_no_call_fails()
    {
        var topic = await CreateAsync();
        await using var load = new SteadyLoad([Grains(1), Grains(3)], topic);
        await load.ProgressAsync();
        _ids.Enqueue(4);
        await _cluster.StartAdditionalSiloAsync();
        await load.ProgressAsync();
        Assert.Equal(topic.PreferredLeaders, Leaders(topic));

        var rebalanced = (await Topic().Rebalance(validateOnly: false)).Topic!;
        Assert.Equal([1, 1, 2, 2], rebalanced.PreferredLeaders!.CountBy(leader => leader).Select(pair => pair.Value).Order());
        await UntilAsync(() => Task.FromResult(Leaders(topic).SequenceEqual(rebalanced.PreferredLeaders!)));
        await load.ProgressAsync();
        AssertNone(await load.EndAsync());
    }

    [Fact]
    public async Task Every_broker_knows_the_new_leaders_of_a_topic_as_soon_as_a_rebalance_has_ended()
    {
        var topic = await CreateAsync();
        _ids.Enqueue(4);
        await _cluster.StartAdditionalSiloAsync();
        await LeadersKnownEverywhereAsync(topic, topic.PreferredLeaders!);

        var rebalanced = (await Topic().Rebalance(validateOnly: false)).Topic!;
        Assert.NotEqual(topic.PreferredLeaders, rebalanced.PreferredLeaders);
        await LeadersKnownEverywhereAsync(topic, rebalanced.PreferredLeaders!);

        var extended = (await Topic().AddPartitions(Partitions + 4, validateOnly: false)).Topic!;
        await LeadersKnownEverywhereAsync(topic, extended.PreferredLeaders!);
    }

    [Fact]
    public async Task Broker_is_called_on_itself_and_one_that_does_not_serve_cannot_be_called()
    {
        var lifetime = Services(2).GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>();
        var before = lifetime.ApplicationStopping.IsCancellationRequested;
        Assert.Equal(ErrorCode.None, await Grains(1).GetGrain<IBrokerGrain>(2).Drain());

        Assert.Equal((false, true), (before, lifetime.ApplicationStopping.IsCancellationRequested));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Grains(1).GetGrain<IBrokerGrain>(9).Drain().AsTask());
    }

    private ITopicGrain Topic() => _cluster.Client.GetGrain<ITopicGrain>("t");

    private async Task<TopicDescription> CreateAsync() => (await Topic().Create(new CreateTopicRequest(Partitions, -1, [], false))).Topic!;

    private InProcessSiloHandle Silo(int broker) => _cluster.Silos.Single(silo => silo.IsActive && _brokers[silo.Name] == broker);

    private IServiceProvider Services(int broker) => Silo(broker).ServiceProvider;

    private IGrainFactory Grains(int broker) => Services(broker).GetRequiredService<IGrainFactory>();

    private static async Task AppendAsync(IGrainFactory grains, TopicDescription topic, int partition) => Assert.Equal(
        ErrorCode.None, (await Load.Partition(grains, topic, partition).Append(new AppendRequest(Batch.Of("a"), Acks.All))).Error);

    private async Task AppendToAllAsync(TopicDescription topic)
    {
        for (var partition = 0; partition < Partitions; partition++)
        {
            await AppendAsync(Grains(1), topic, partition);
        }
    }

    private async Task LeadersKnownEverywhereAsync(TopicDescription topic, int[] expected)
    {
        for (var broker = 1; broker <= 4; broker++)
        {
            var leaders = Services(broker).GetRequiredService<PartitionLeaders>();
            for (var partition = 0; partition < expected.Length; partition++)
            {
                var leader = await leaders.FindAsync(new PartitionKey(topic.Name, topic.Id, partition), mayGuess: false);
                Assert.Equal((broker, partition, expected[partition]), (broker, partition, leader!.Value.Id));
            }
        }
    }

    /// <summary>The broker that has each partition; 0 if none has, −1 if several have.</summary>
    private int[] Leaders(TopicDescription topic)
    {
        var leaders = new int[topic.PartitionsCount];
        foreach (var silo in _cluster.Silos.Where(silo => silo.IsActive))
        {
            foreach (var driver in silo.ServiceProvider.GetRequiredService<ActiveDrivers>().OfType<PartitionDriver>())
            {
                leaders[driver.Key.Partition] = leaders[driver.Key.Partition] == 0 ? _brokers[silo.Name] : -1;
            }
        }

        return leaders;
    }

    private static void AssertNone(IReadOnlyCollection<string> failures) => Assert.True(failures.Count == 0, string.Join('\n', failures));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>Appends to all partitions, and waits for data at the end of each, without a pause; remembers everything that fails.</summary>
    private sealed class SteadyLoad : IAsyncDisposable
    {
        private const string Value = "of the load";

        private readonly ConcurrentQueue<string> _failures = new();
        private readonly CancellationTokenSource _end = new();
        private readonly Task[] _callers;
        private readonly IGrainFactory _grains;
        private readonly TopicDescription _topic;
        private readonly long[] _appended;

        public SteadyLoad(IGrainFactory[] grains, TopicDescription topic)
        {
            (_grains, _topic) = (grains[0], topic);
            _appended = new long[topic.PartitionsCount];
            _callers = [.. Enumerable.Range(0, topic.PartitionsCount).SelectMany(partition => new[]
            {
                Task.Run(() => AppendAsync(Load.Partition(grains[partition % grains.Length], topic, partition), partition)),
                Task.Run(() => ReadAsync(Load.Partition(grains[(partition + 1) % grains.Length], topic, partition))),
            })];
        }

        public async Task ProgressAsync()
        {
            var before = _appended.ToArray();
            await UntilAsync(() => Task.FromResult(_appended.Zip(before).All(pair => pair.First > pair.Second + 20) || !_failures.IsEmpty));
        }

        public async Task<string[]> EndAsync()
        {
            await StopAsync();
            for (var partition = 0; partition < _appended.Length; partition++)
            {
                // What was rejected must not stand in the log, or an edge that repeats it would store it twice.
                var stored = Batch.Records(await Load.ReadAll(_grains, _topic, partition)).Count(record => record.Value == Value);
                if (stored != _appended[partition])
                {
                    _failures.Enqueue($"Partition {partition} has {stored} records of {_appended[partition]} that were acknowledged.");
                }
            }

            return [.. _failures];
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _end.Dispose();
        }

        private async Task StopAsync()
        {
            await _end.CancelAsync();
            await Task.WhenAll(_callers);
        }

        private async Task AppendAsync(IPartitionGrain partition, int number)
        {
            while (!_end.IsCancellationRequested)
            {
                await TryAsync(async () =>
                {
                    var result = await partition.Append(new AppendRequest(Batch.Of(Value), Acks.All));
                    _appended[number] += result.Error == ErrorCode.None ? 1 : 0;
                    return result.Error;
                });
            }
        }

        private async Task ReadAsync(IPartitionGrain partition)
        {
            var from = Offset.Zero;
            while (!_end.IsCancellationRequested)
            {
                await TryAsync(async () =>
                {
                    var read = await partition.Fetch(new FetchRequest(from, 10_000, 1, TimeSpan.FromSeconds(1)), default);
                    from = read.NextOffset;
                    return read.Error;
                });
            }
        }

        private async Task TryAsync(Func<Task<ErrorCode>> call)
        {
            try
            {
                if (await call() is not ErrorCode.None and var error)
                {
                    _failures.Enqueue(error.ToString());
                }
            }
            catch (OrleansMessageRejectionException rejection) when (rejection is not SiloUnavailableException)
            {
                // Forwarded too often while its grain moved: an edge repeats it.
            }
            catch (Exception failure)
            {
                _failures.Enqueue(failure.ToString());
            }
        }
    }
}
