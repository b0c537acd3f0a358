using Loire.Grains.Hosting;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Model.Groups;
using Loire.Model;
using Loire.Storage;
using Loire.Storage.Objects;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Clusters;

/// <summary>The grains on real silos of one process over one shared store: in memory, and the embedded file store.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "loire-grains-" + Guid.NewGuid().ToString("N"));
    private readonly List<IAsyncDisposable> _open = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var one in Enumerable.Reverse(_open))
        {
            await one.DisposeAsync();
        }

        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_topic_is_created_written_read_changed_and_deleted(short silos)
    {
        var grains = (await Deploy(silos, new LossyGrainStorage())).GrainFactory;
        var topic = grains.GetGrain<ITopicGrain>("t");
        var created = (await topic.Create(new CreateTopicRequest(4, -1, [new("max.message.bytes", "1000")], false))).Topic!;
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await topic.Create(new CreateTopicRequest(4, -1, [], false))).Error);
        Assert.Equal(["t"], (await Catalog(grains).List("", 10)).Names.Select(name => name.Value));

        var partition = Load.Partition(grains, created, 3);
        var waiting = partition.Fetch(new FetchRequest(Offset.Zero, 1_000, 1, TimeSpan.FromSeconds(30)), default).AsTask();
        Assert.Equal(0, (await partition.Append(new AppendRequest(Batch.Of("a"), Acks.All))).BaseOffset.Value);
        Assert.Equal("0:a", Batch.Text(await waiting));
        await partition.AppendUnacknowledged(new AppendRequest(Batch.Of("b"), Acks.None));
        Assert.Equal("1:b", Batch.Text(
            await partition.Fetch(new FetchRequest(new Offset(1), 1_000, 1, TimeSpan.FromSeconds(30)), default)));
        Assert.Equal(2, (await partition.Offsets()).HighWatermark.Value);

        Assert.Equal(ErrorCode.MessageTooLarge, (await partition.Append(new AppendRequest(Batch.Sized(2_000), Acks.All))).Error);
        Assert.Equal(ErrorCode.None, (await topic.AlterConfigs(new AlterConfigsRequest([new("max.message.bytes", null)], false))).Error);
        Assert.Equal(ErrorCode.None, (await partition.Append(new AppendRequest(Batch.Sized(2_000), Acks.All))).Error);
        Assert.Equal(5, (await topic.AddPartitions(5, false)).Topic!.PartitionsCount);
        Assert.Equal(0, (await Load.Partition(grains, created, 4).Append(new AppendRequest(Batch.Of("x"), Acks.Leader))).BaseOffset.Value);

        Assert.Equal(ErrorCode.None, (await topic.Delete()).Error);
        Assert.Empty((await Catalog(grains).List("", 10)).Names);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await partition.Append(new AppendRequest(Batch.Of("late"), Acks.All))).Error);
        var again = (await topic.Create(new CreateTopicRequest(4, -1, [], false))).Topic!;
        Assert.Equal(0, (await Load.Partition(grains, again, 3).Append(new AppendRequest(Batch.Of("new"), Acks.All))).BaseOffset.Value);
        Assert.Equal(ErrorCode.UnknownTopicId, (await partition.Append(new AppendRequest(Batch.Of("late"), Acks.All))).Error);
    }

    [Fact]
    public async Task Only_the_cluster_itself_writes_to_an_internal_topic()
    {
        var grains = (await Deploy(1, new LossyGrainStorage())).GrainFactory;
        var topic = (await grains.GetGrain<ITopicGrain>("__consumer_offsets").Create(new CreateTopicRequest(1, -1, [], false))).Topic!;
        var partition = Load.Partition(grains, topic, 0);
        foreach (var acks in new[] { Acks.All, Acks.Leader, Acks.None })
        {
            Assert.Equal(ErrorCode.InvalidTopicException, (await partition.Append(new AppendRequest(Batch.Of("mine"), acks))).Error);
        }

        await partition.AppendUnacknowledged(new AppendRequest(Batch.Of("mine"), Acks.None));
        Assert.Equal(0, (await partition.Append(new AppendRequest(Batch.Of("ours"), Acks.All, AppendOrigin.Cluster))).BaseOffset.Value);
        Assert.Equal("0:ours", Batch.Text(await partition.Fetch(new FetchRequest(Offset.Zero, 1_000, 1, TimeSpan.Zero), default)));
    }

    [Fact]
    public async Task Invalid_keys_are_answered_and_take_no_memory()
    {
        var storage = new LossyGrainStorage();
        var grains = (await Deploy(1, storage)).GrainFactory;
        var id = Guid.NewGuid().ToString("N");
        foreach (var key in new[] { "", "t", "t/xyz/0", $"no-such-topic/{id}/0", $"../../{id}/0", $"t/{id}/-1" })
        {
            var partition = grains.GetGrain<IPartitionGrain>(key.Length == 0 ? "/" : key);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await partition.Append(new AppendRequest(Batch.Of("a"), Acks.All))).Error);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition,
                (await partition.Fetch(new FetchRequest(Offset.Zero, 1, 1, TimeSpan.FromSeconds(1)), default)).Error);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await partition.Offsets()).Error);
        }

        foreach (var name in new[] { ".", "..", "a/b", "a b", new string('x', 250) })
        {
            Assert.Equal(ErrorCode.InvalidTopicException,
                (await grains.GetGrain<ITopicGrain>(name).Create(new CreateTopicRequest(1, 1, [], false))).Error);
        }

        Assert.Empty(storage.Keys);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    public async Task Silos_are_killed_under_load_and_nothing_acknowledged_is_lost(string store)
    {
        var cluster = await Deploy(3, await Open(store));
        var topic = (await cluster.GrainFactory.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(6, -1, [], false))).Topic!;
        var load = new Load(cluster.GrainFactory, topic, producers: 4);
        for (var round = 0; round < 5; round++)
        {
            await load.Progress(200);
            await cluster.KillSiloAsync(cluster.SecondarySilos[round % 2]);
            await load.Progress(200);
            await cluster.StartAdditionalSiloAsync(startAdditionalSiloOnNewPort: true);
        }

        await load.Progress(200);
        var sends = await load.Stop();
        Assert.Empty(await Load.Check(cluster.GrainFactory, topic, sends));
        for (var partition = 0; partition < topic.PartitionsCount; partition++)
        {
            Assert.Equal(ErrorCode.None,
                (await Load.Partition(cluster.GrainFactory, topic, partition).Append(new AppendRequest(Batch.Of("on"), Acks.All))).Error);
        }
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("file")]
    public async Task A_single_silo_is_killed_under_load_and_its_successor_has_every_acknowledged_record(string store)
    {
        var storage = await Open(store);
        var cluster = await Deploy(1, storage);
        var topic = (await cluster.GrainFactory.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(3, -1, [], false))).Topic!;
        var load = new Load(cluster.GrainFactory, topic, producers: 4);
        await load.Progress(500);
        await cluster.KillSiloAsync(cluster.Primary!);
        var sends = await load.Stop();

        var successor = await Deploy(1, storage);
        Assert.Equal(topic.Id, (await successor.GrainFactory.GetGrain<ITopicGrain>("t").Describe()).Topic!.Id);
        Assert.Empty(await Load.Check(successor.GrainFactory, topic, sends));
    }

    [Fact]
    public async Task A_silo_that_stops_gracefully_fails_no_append_permanently()
    {
        var cluster = await Deploy(3, new LossyGrainStorage());
        var topic = (await cluster.GrainFactory.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(6, -1, [], false))).Topic!;
        var load = new Load(cluster.GrainFactory, topic, producers: 4);
        await load.Progress(200);
        await cluster.StopSiloAsync(cluster.SecondarySilos[0]);
        await load.Progress(200);
        var sends = await load.Stop();
        Assert.Empty(await Load.Check(cluster.GrainFactory, topic, sends));
    }

    [Fact]
    public async Task A_stopping_silo_does_not_wait_for_parked_fetches()
    {
        var waiting = new WaitingCalls(nameof(IPartitionGrain.Fetch));
        var cluster = await Deploy(3, new LossyGrainStorage(), waiting);
        var leaving = cluster.SecondarySilos[0];
        var topic = (await cluster.GrainFactory.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(30, -1, [], false))).Topic!;
        var partitions = Enumerable.Range(0, 30).Select(i => Load.Partition(cluster.GrainFactory, topic, i)).ToArray();
        await Task.WhenAll(partitions.Select(partition => WaitingCalls.CallAtAsync(leaving, partition.Offsets)));
        var fetches = partitions
            .Select(partition => partition.Fetch(new FetchRequest(Offset.Zero, 1, 1, TimeSpan.FromSeconds(60)), default).AsTask())
            .ToArray();
        await waiting.Reached(partitions.Length);

        await cluster.StopSiloAsync(leaving).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.All(await Task.WhenAll(fetches), fetch => Assert.Equal(ErrorCode.NotLeaderOrFollower, fetch.Error));
        Assert.All(
            await Task.WhenAll(partitions.Select(partition => partition.Append(new AppendRequest(Batch.Of("a"), Acks.All)).AsTask())),
            append => Assert.Equal(ErrorCode.None, append.Error));
    }

    [Fact]
    public async Task A_stopping_silo_does_not_wait_for_parked_heartbeats()
    {
        // A heartbeat waits for news no longer than the interval, which is to be longer than the stop takes.
        var waiting = new WaitingCalls(nameof(IGroupGrain.Heartbeat));
        var cluster = await Deploy(3, new LossyGrainStorage(), waiting, options =>
            options.Groups.Members = options.Groups.Members with { HeartbeatInterval = TimeSpan.FromMinutes(1) });
        var leaving = cluster.SecondarySilos[0];
        var groups = Enumerable.Range(0, 30).Select(i => cluster.GrainFactory.GetGrain<IGroupGrain>($"g{i}")).ToArray();
        var joined = await Task.WhenAll(groups.Select(group => WaitingCalls.CallAtAsync(leaving, () => JoinAsync(group))));
        var beats = groups.Zip(joined, (group, member) => Beat(group, member.MemberEpoch, null, TimeSpan.FromSeconds(60)).AsTask()).ToArray();
        await waiting.Reached(groups.Length);

        await cluster.StopSiloAsync(leaving).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.All(await Task.WhenAll(beats), answer => Assert.Equal(ErrorCode.NotCoordinator, answer.Error));
        Assert.All(
            await Task.WhenAll(groups.Zip(joined, (group, member) => Beat(group, member.MemberEpoch, null, default).AsTask())),
            answer => Assert.Equal(ErrorCode.None, answer.Error));

        static async ValueTask<HeartbeatResult> JoinAsync(IGroupGrain group)
        {
            // Once the group is stable, there is no news that would answer a heartbeat.
            var terms = new MemberSubscription([TopicName.Parse("t")], null, ["range"], TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5));
            var member = await Beat(group, 0, terms, default);
            while ((await group.Describe()).Group!.Phase != GroupPhase.Stable)
            {
                member = await Beat(group, member.MemberEpoch, null, TimeSpan.FromSeconds(1));
            }

            return member;
        }

        static ValueTask<HeartbeatResult> Beat(IGroupGrain group, int epoch, MemberSubscription? terms, TimeSpan wait) =>
            group.Heartbeat(new HeartbeatRequest("m", null, epoch, "test", "here", terms, [], wait), default);
    }

    [Fact]
    public async Task A_topic_that_is_deleted_under_load_is_gone_with_its_data()
    {
        var storage = new LossyGrainStorage();
        var cluster = await Deploy(3, storage);
        var grains = cluster.GrainFactory;
        var first = (await grains.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(6, -1, [], false))).Topic!;
        var load = new Load(grains, first, producers: 4);
        await load.Progress(200);
        Assert.Equal(ErrorCode.None, (await grains.GetGrain<ITopicGrain>("t").Delete()).Error);
        var second = (await grains.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(6, -1, [], false))).Topic!;
        await load.Stop();

        Assert.DoesNotContain(storage.Keys, key => key.Contains(first.Id.ToString(), StringComparison.Ordinal));
        var newLoad = new Load(grains, second, producers: 2);
        await newLoad.Progress(100);
        Assert.Empty(await Load.Check(grains, second, await newLoad.Stop()));
    }

    [Fact]
    public async Task A_topic_can_be_created_and_a_group_joined_while_others_ask_for_them()
    {
        var cluster = await Deploy(1, new LossyGrainStorage());
        var grains = cluster.GrainFactory;
        for (var round = 0; round < 20; round++)
        {
            var topic = grains.GetGrain<ITopicGrain>($"t{round}");
            var group = grains.GetGrain<IGroupGrain>($"g{round}");
            using var created = new CancellationTokenSource();
            var asking = Enumerable.Range(0, 8).Select(_ => AskAsync(topic, group, created.Token)).ToArray();
            await topic.Describe();
            Assert.Equal(ErrorCode.None, (await topic.Create(new CreateTopicRequest(1, -1, [], false))).Error);
            var terms = new MemberSubscription([TopicName.Parse("t")], null, ["range"], TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5));
            Assert.Equal(
                ErrorCode.None, (await group.Heartbeat(new HeartbeatRequest("m", null, 0, "test", "here", terms, [], default), default)).Error);
            await created.CancelAsync();
            await Task.WhenAll(asking);
        }

        static async Task AskAsync(ITopicGrain topic, IGroupGrain group, CancellationToken created)
        {
            while (!created.IsCancellationRequested)
            {
                await topic.Describe();
                await group.Describe();
            }
        }
    }

    [Fact]
    public async Task A_starting_silo_completes_interrupted_changes()
    {
        var storage = new LossyGrainStorage();
        var bench = new TopicsBench(storage);
        var topic = bench.Create("t", 2);
        bench.Append(TopicsBench.Key(topic, 0), "v");
        bench.PartitionFault = _ => ErrorCode.RequestTimedOut;
        Assert.Equal(ErrorCode.RequestTimedOut, bench.Delete("t").Error);
        Assert.Contains(storage.Keys, key => key.Contains(topic.Topic!.Id.ToString(), StringComparison.Ordinal));

        var gone = new TaskCompletionSource();
        storage.Changed = _ =>
        {
            if (!storage.Keys.Any(key =>
                key.Contains("topic/t", StringComparison.Ordinal) || key.Contains(topic.Topic!.Id.ToString(), StringComparison.Ordinal)))
            {
                gone.TrySetResult();
            }
        };
        await Deploy(1, storage);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Ten_thousand_fetches_wait_at_one_partition_and_all_are_answered()
    {
        var grains = (await Deploy(1, new LossyGrainStorage())).GrainFactory;
        var topic = (await grains.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(1, -1, [], false))).Topic!;
        var partition = Load.Partition(grains, topic, 0);
        await partition.Append(new AppendRequest(Batch.Of("a"), Acks.All));
        using var cancellation = new CancellationTokenSource();
        var fetches = Enumerable.Range(0, 10_000)
            .Select(_ => partition.Fetch(new FetchRequest(new Offset(1), 1_000, 1, TimeSpan.FromSeconds(60)), cancellation.Token).AsTask())
            .ToArray();
        await partition.Append(new AppendRequest(Batch.Of("b"), Acks.All));
        Assert.All(await Task.WhenAll(fetches), result => Assert.Equal("1:b", Batch.Text(result)));
    }

    private static ICatalogGrain Catalog(IGrainFactory grains) => grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);

    private async Task<TestCluster> Deploy(
        short silos, IGrainStorage storage, IIncomingGrainCallFilter? filter = null, Action<LoireGrainsOptions>? configure = null)
    {
        var cluster = await SharedStore.DeployAsync(silos, storage, configure, filter: filter);
        _open.Add(cluster);
        return cluster;
    }

    private async Task<IGrainStorage> Open(string store)
    {
        if (store == "memory")
        {
            return new LossyGrainStorage();
        }

        var file = await FileGrainStorage.OpenAsync(
            new FileStoreOptions { Directory = _directory }, TimeProvider.System, NullLogger<FileGrainStorage>.Instance);
        _open.Add(file);
        return file;
    }
}
