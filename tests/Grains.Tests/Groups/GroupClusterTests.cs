using System.Globalization;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Tests.Clusters;
using Loire.Model;
using Loire.Coordination.Groups.Offsets;
using Loire.Model.Groups;
using Loire.TestKit;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Groups;

/// <summary>Groups on real silos of one process over one shared store.</summary>
public sealed class GroupClusterTests : IAsyncLifetime
{
    // A call to a silo that was killed may end only by its timeout.
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);
    private readonly LossyGrainStorage _storage = new();
    private TestCluster _cluster = null!;

    private IGrainFactory Grains => _cluster.GrainFactory;

    public async Task InitializeAsync() => _cluster = await SharedStore.DeployAsync(3, _storage);

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Theory]
    [InlineData(GroupPhase.Empty)]
    [InlineData(GroupPhase.Assigning)]
    [InlineData(GroupPhase.Reconciling)]
    [InlineData(GroupPhase.Stable)]
    public async Task Groups_keep_their_state_when_silos_die_in_any_phase(GroupPhase phase)
    {
        await Create("t", 4);
        List<(IGroupGrain Grain, GroupHistory History, ClusterMember A, ClusterMember B)> groups = [];
        foreach (var number in Enumerable.Range(0, 9))
        {
            var (grain, history) = (Group($"g{number}"), new GroupHistory());
            groups.Add((grain, history, new ClusterMember(grain, "a", history, "t"), new ClusterMember(grain, "b", history, "t")));
        }

        await Task.WhenAll(groups.Select(async group =>
        {
            await Commit(group.Grain, ("t", 0, 7));
            group.History.Acknowledged(GroupBench.Partition("t", 0), 7);
            if (phase == GroupPhase.Empty)
            {
                return;
            }

            await group.A.Beat();
            while (phase != GroupPhase.Assigning && group.A.OwnedCount < 4)
            {
                await group.A.Beat(TimeSpan.FromSeconds(1));
            }

            if (phase is GroupPhase.Reconciling or GroupPhase.Stable)
            {
                await group.A.Commit();
                await group.B.Beat();
                while (phase == GroupPhase.Stable && !IsShared(group.A, group.B))
                {
                    await group.A.Beat(TimeSpan.FromMilliseconds(20));
                    await group.B.Beat(TimeSpan.FromMilliseconds(20));
                }
            }
        })).WaitAsync(Timeout);
        var epochs = groups.ConvertAll(group => (group.A.Epoch, group.B.Epoch));
        await _cluster.KillSiloAsync(_cluster.SecondarySilos[1]);
        await _cluster.KillSiloAsync(_cluster.SecondarySilos[0]);
        await Task.WhenAll(groups.Select(async group =>
        {
            do
            {
                await group.A.Beat(TimeSpan.FromMilliseconds(20));
                await group.B.Beat(TimeSpan.FromMilliseconds(20));
            }
            while (!IsShared(group.A, group.B));
            await group.A.Commit();
            await group.B.Commit();
        })).WaitAsync(Timeout);
        Assert.All(groups, group => Assert.Empty(group.History.Problems));
        if (phase == GroupPhase.Stable)
        {
            Assert.Equal(epochs, groups.ConvertAll(group => (group.A.Epoch, group.B.Epoch)));
        }

        foreach (var (grain, history, _, _) in groups)
        {
            var offsets = (await grain.Offsets(null)).Offsets;
            Assert.Equal(4, offsets.Length);
            Assert.All(offsets, offset => Assert.Equal(history.AcknowledgedOf(offset.Partition), offset.Offset.Value));
            Assert.Equal(GroupPhase.Stable, (await grain.Describe()).Group!.Phase);
        }
    }

    [Fact]
    public async Task No_partition_has_two_owners_and_no_commit_is_lost_while_members_join_and_leave_and_silos_die()
    {
        await Create("t", 8);
        await Create("u", 3);
        var groups = Enumerable.Range(0, 4).Select(i => (Grain: Group($"churn{i}"), History: new GroupHistory())).ToArray();
        var churn = groups.Select((group, number) => Churn(group.Grain, group.History, new Random(number))).ToArray();
        for (var round = 0; round < 4; round++)
        {
            var before = groups.Sum(group => group.History.Commits);
            while (groups.Sum(group => group.History.Commits) < before + 400 && !churn.Any(one => one.IsCompleted))
            {
                await Task.Delay(10);
            }

            await _cluster.KillSiloAsync(_cluster.SecondarySilos[round % 2]);
            await _cluster.StartAdditionalSiloAsync(startAdditionalSiloOnNewPort: true);
        }

        await Task.WhenAll(churn).WaitAsync(Timeout);
        Assert.All(groups, group => Assert.Empty(group.History.Problems));
        Assert.All(groups, group => Assert.True(group.History is { Commits: > 0, Grants: > 20 }));
        foreach (var (grain, history) in groups)
        {
            Assert.Equal(ErrorCode.None, await grain.Delete());
            Assert.Equal(ErrorCode.GroupIdNotFound, (await grain.Describe()).Error);
        }

        Assert.Empty(await ListAll());
        Assert.DoesNotContain(_storage.Keys, key => key.Contains("log/group/churn", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Groups_are_listed_over_all_shards_and_invalid_ids_are_rejected()
    {
        string[] ids = [.. Enumerable.Range(0, 60).Select(i => $"list/{i} é")];
        await Task.WhenAll(ids.Select(id => Commit(Group(id), ("t", 0, 1))));
        Assert.Equal(ids.Order(StringComparer.Ordinal), (await ListAll()).Select(id => id.Value).Order(StringComparer.Ordinal));
        Assert.Equal(ErrorCode.InvalidGroupId, (await Group("a\nb").Describe()).Error);
        Assert.Equal(ErrorCode.InvalidGroupId, (await Group("a\nb").Commit(GroupBench.Request(null, -1, ("t", 0, 1)))).Error);
        Assert.Equal(ErrorCode.GroupIdNotFound, (await Group("nobody").Describe()).Error);
        Assert.DoesNotContain(_storage.Keys, key => key.Contains("nobody", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Commits_can_be_read_from_the_topic_of_offsets_with_an_ordinary_fetch()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Commit(Group($"g{i}"), ("t", 0, i), ("t", 1, 100))));
        Assert.Equal(ErrorCode.None, (await Group("g3").DeleteOffsets([GroupBench.Partition("t", 1)])).Error);
        Assert.Equal(ErrorCode.None, await Group("g4").Delete());
        var expected = Enumerable.Range(0, 20).Where(i => i != 4)
            .SelectMany(i => i == 3 ? new[] { $"g{i}/t-0:{i}" } : [$"g{i}/t-0:{i}", $"g{i}/t-1:100"])
            .Order(StringComparer.Ordinal)
            .ToArray();
        string[] found = [];
        for (var attempt = 0; attempt < 1_000 && !found.SequenceEqual(expected); attempt++)
        {
            await Task.Delay(10);
            found = await ReadMirror();
        }

        Assert.Equal(expected, found);
    }

    private static bool IsShared(ClusterMember a, ClusterMember b) => (a.OwnedCount, b.OwnedCount) == (2, 2);

    private static async Task Churn(IGroupGrain grain, GroupHistory history, Random random)
    {
        List<(ClusterMember Member, Task Run, CancellationTokenSource Stop)> members = [];
        for (var step = 0; step < 12 || members.Count > 0; step++)
        {
            if (members.Count < 4 && step < 12 && (members.Count == 0 || random.Next(2) == 0))
            {
                var member = new ClusterMember(grain, "m" + step.ToString(CultureInfo.InvariantCulture), history, "t", "u");
                var stop = new CancellationTokenSource();
                members.Add((member, Task.Run(() => member.Run(stop.Token)), stop));
            }
            else
            {
                var (member, run, stop) = members[random.Next(members.Count)];
                members.RemoveAll(one => one.Member == member);
                await stop.CancelAsync();
                await run;
                await member.Leave();
            }

            var before = history.Commits;
            while (members.Count > 0 && history.Commits < before + (20 * members.Count) && !members.Any(one => one.Run.IsCompleted))
            {
                await Task.Delay(10);
            }
        }
    }

    private IGroupGrain Group(string id) => Grains.GetGrain<IGroupGrain>(id);

    private static async Task Commit(IGroupGrain grain, params (string Topic, int Partition, long Offset)[] offsets) =>
        Assert.Equal(ErrorCode.None, (await grain.Commit(GroupBench.Request(null, -1, offsets))).Error);

    private async Task Create(string topic, int partitions) => Assert.Equal(
        ErrorCode.None, (await Grains.GetGrain<ITopicGrain>(topic).Create(new CreateTopicRequest(partitions, -1, [], false))).Error);

    private async Task<List<GroupId>> ListAll()
    {
        List<GroupId> ids = [];
        for (var shard = 0; shard < IGroupCatalogGrain.Shards; shard++)
        {
            var grain = Grains.GetGrain<IGroupCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture));
            ids.AddRange((await grain.List("", 1_000)).GroupIds);
        }

        return ids;
    }

    private async Task<string[]> ReadMirror()
    {
        var described = await Grains.GetGrain<ITopicGrain>(OffsetsTopic.Name.Value).Describe();
        if (described.Topic is not { } topic)
        {
            return [];
        }

        Assert.Equal("compact", topic.Configs.Single(config => config.Name == "cleanup.policy").Value);
        var found = new SortedDictionary<string, CommittedOffset>(StringComparer.Ordinal);
        for (var partition = 0; partition < topic.PartitionsCount; partition++)
        {
            var own = new SortedDictionary<string, CommittedOffset>(StringComparer.Ordinal);
            GroupBench.Read(await Load.ReadAll(Grains, topic, partition), own);
            foreach (var (key, offset) in own)
            {
                Assert.Equal(partition, GroupId.Parse(key.Split('/')[0]).Place(topic.PartitionsCount));
                found.Add(key, offset);
            }
        }

        return [.. found.Select(offset => $"{offset.Key}:{offset.Value.Offset}").Order(StringComparer.Ordinal)];
    }
}
