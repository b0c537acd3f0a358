using System.Collections.Concurrent;
using Loire.Client.Tests.Nodes;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Tests.Clusters;
using Loire.Model;
using Loire.Model.Groups;
using Loire.TestKit;
using Orleans.TestingHost;

namespace Loire.Client.Tests.Groups;

/// <summary>Groups of consumers on several silos: strategies, topics that come and go, silos that die.</summary>
public sealed class GroupClusterTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<(TopicName Topic, int Partition, Offset Offset, string Value)> _read = [];
    private readonly HashSet<string> _written = [];
    private readonly List<ClusterReader> _readers = [];
    private TestCluster _cluster = null!;
    private LoireClient _client = null!;
    private int _number;

    public async Task InitializeAsync()
    {
        _cluster = await SharedStore.DeployAsync(3, new LossyGrainStorage());
        _client = new LoireClient(_cluster.GrainFactory);
    }

    public async Task DisposeAsync()
    {
        foreach (var reader in _readers)
        {
            await reader.DisposeAsync();
        }

        await _cluster.DisposeAsync();
    }

    [Theory]
    [InlineData("range")]
    [InlineData("roundrobin")]
    [InlineData("sticky")]
    [InlineData("cooperative-sticky")]
    public async Task Members_come_and_go_under_each_strategy_and_every_record_is_read_once(string strategy)
    {
        await CreateAsync("t", 6);
        var first = Reader(["t"], strategy);
        await WriteAsync("t", 60);
        var second = Reader(["t"], strategy);
        await WriteAsync("t", 60);
        await ShareAsync(first, second);
        var third = Reader(["t"], strategy);
        await WriteAsync("t", 60);
        await ShareAsync(first, second, third);
        await first.DisposeAsync();
        await WriteAsync("t", 60);
        await ShareAsync(second, third);
        await AllReadAsync();
        Assert.Equal(strategy, (await DescribeAsync()).Assignor);
        AssertOnce();
    }

    [Theory]
    [InlineData("range")]
    [InlineData("sticky")]
    public async Task A_group_moves_from_eager_to_cooperative_by_a_rolling_change_of_the_lists(string eager)
    {
        await CreateAsync("t", 6);
        ClusterReader[] members = [Reader(["t"], eager), Reader(["t"], eager)];
        await ShareAsync(members);
        await WriteAsync("t", 60);
        foreach (var list in new string[][] { ["cooperative-sticky", eager], ["cooperative-sticky"] })
        {
            for (var i = 0; i < members.Length; i++)
            {
                await members[i].DisposeAsync();
                members[i] = Reader(["t"], list);
                await WriteAsync("t", 60);
                await ShareAsync(members);
            }
        }

        Assert.Equal("cooperative-sticky", (await DescribeAsync()).Assignor);
        await AllReadAsync();
        AssertOnce();
    }

    [Fact]
    public async Task A_pattern_follows_topics_that_appear_grow_and_vanish()
    {
        await CreateAsync("other", 1);
        await CreateAsync("p-1", 2);
        ClusterReader[] members = [Reader("p-.*"), Reader("p-.*")];
        await UntilAsync(() => Owned(members) == 2);
        await WriteAsync("p-1", 20);
        await AllReadAsync();

        await CreateAsync("p-2", 2);
        await WriteAsync("p-2", 20);
        await UntilAsync(() => Owned(members) == 4);
        await _client.Admin.CreatePartitionsAsync("p-2", 4);
        await UntilAsync(() => Owned(members) == 6);
        await WriteAsync("p-2", 40);
        await AllReadAsync();

        await _client.Admin.DeleteTopicAsync("p-1");
        await UntilAsync(() => Owned(members) == 4);
        await WriteAsync("p-2", 40);
        await AllReadAsync();
        AssertOnce();
        Assert.All(members, member => Assert.False(member.HasEnded));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_topic_that_is_deleted_and_created_anew_is_read_from_its_beginning(bool isNoticed)
    {
        await CreateAsync("t", 2);
        var reader = Reader(["t"], "cooperative-sticky");
        await WriteAsync("t", 20);
        await AllReadAsync();
        await reader.Consumer.CommitAsync();
        await _client.Admin.DeleteTopicAsync("t");
        if (isNoticed)
        {
            await UntilAsync(() => Owned(reader) == 0);
        }

        _read.Clear();
        _written.Clear();
        await CreateAsync("t", 3);
        await WriteAsync("t", 30);
        await AllReadAsync();
        AssertOnce();
        await UntilAsync(() => Owned(reader) == 3);
        await reader.DisposeAsync();

        // Whoever comes next goes on in the new topic.
        await WriteAsync("t", 30);
        Reader(["t"], "cooperative-sticky");
        await AllReadAsync();
        AssertOnce();
    }

    [Fact]
    public async Task Offsets_of_a_topic_that_is_gone_do_not_count_for_its_successor()
    {
        await CreateAsync("t", 1);
        var reader = Reader(["t"], "range");
        await WriteAsync("t", 20);
        await AllReadAsync();
        await reader.DisposeAsync();
        await _client.Admin.DeleteTopicAsync("t");
        _read.Clear();
        _written.Clear();
        await CreateAsync("t", 1);
        await WriteAsync("t", 50);
        Reader(["t"], "range");
        await AllReadAsync();
        AssertOnce();
    }

    [Fact]
    public async Task A_topic_that_is_created_anew_and_smaller_is_read_by_fewer_members()
    {
        await CreateAsync("t", 4);
        ClusterReader[] members = [Reader(["t"], "cooperative-sticky"), Reader(["t"], "cooperative-sticky")];
        await UntilAsync(() => members.All(member => member.Consumer.Assignment.Count == 2));
        await WriteAsync("t", 20);
        await AllReadAsync();
        await _client.Admin.DeleteTopicAsync("t");
        _read.Clear();
        _written.Clear();
        await CreateAsync("t", 1);
        await WriteAsync("t", 20);
        await AllReadAsync();
        await UntilAsync(() => Owned(members) == 1);
        AssertOnce();
    }

    [Fact]
    public async Task Silos_die_while_members_read_and_nothing_is_lost_and_nobody_is_taken_for_dead()
    {
        await CreateAsync("t", 6);
        ClusterReader[] members = [Reader(["t"], "cooperative-sticky"), Reader(["t"], "range", "cooperative-sticky")];
        await ShareAsync(members);
        var before = (await DescribeAsync()).Members.Select(member => member.MemberId).ToArray();
        for (var round = 0; round < 2; round++)
        {
            await WriteAsync("t", 60);
            await _cluster.KillSiloAsync(_cluster.SecondarySilos[round % _cluster.SecondarySilos.Count]);
            await WriteAsync("t", 60);
            await _cluster.StartAdditionalSiloAsync(startAdditionalSiloOnNewPort: true);
        }

        await AllReadAsync();
        Assert.Equal(before, (await DescribeAsync()).Members.Select(member => member.MemberId));
        Assert.All(members, member => Assert.DoesNotContain(member.Events, one => one.StartsWith("lost", StringComparison.Ordinal)));
        AssertOnce();
    }

    private ClusterReader Reader(string[] topics, params string[] strategies) => Add(
        new ClusterReader(
            _client, "g", (consumer, listener) => consumer.SubscribeAsync([.. topics], listener), _read,
            options => options.PartitionAssignmentStrategy = [.. strategies]));

    private ClusterReader Reader(string pattern) =>
        Add(new ClusterReader(_client, "g", (consumer, listener) => consumer.SubscribeAsync(pattern, listener), _read));

    private ClusterReader Add(ClusterReader reader)
    {
        _readers.Add(reader);
        return reader;
    }

    private async Task CreateAsync(string topic, int partitions) => await _client.Admin.CreateTopicAsync(new NewTopic(topic, partitions));

    /// <summary>Writes numbered records, in turn to each partition; those that nobody confirmed may be there too, and may be there twice.</summary>
    private async Task WriteAsync(string topic, int count)
    {
        var described = await _client.Admin.DescribeTopicAsync(topic);
        var partitions = described.PartitionsCount;
        for (var written = 0; written < count; _number++)
        {
            var key = new PartitionKey(TopicName.Parse(topic), new TopicId(described.Id), _number % partitions).ToString();
            try
            {
                var result = await _cluster.GrainFactory.GetGrain<IPartitionGrain>(key)
                    .Append(new AppendRequest(ClientNode.Numbers(_number, 1), Acks.All));
                if (result.Error == ErrorCode.None)
                {
                    written++;
                    _written.Add($"{_number}");
                }
            }
            catch (Exception exception) when (exception is OrleansException or TimeoutException or OperationCanceledException)
            {
                // Nobody knows whether it is in the log.
            }
        }
    }

    private Task AllReadAsync() => UntilAsync(() => _read.Select(one => one.Value).ToHashSet().IsSupersetOf(_written));

    private void AssertOnce() =>
        Assert.Empty(_read.GroupBy(one => (one.Topic, one.Partition, one.Offset)).Where(same => same.Count() > 1).Select(same => same.Key));

    private static int Owned(params ClusterReader[] members) => members.Sum(member => member.Consumer.Assignment.Count);

    /// <summary>Waits until each member has as many partitions as any other.</summary>
    private Task ShareAsync(params ClusterReader[] members) =>
        UntilAsync(() => members.All(member => member.Consumer.Assignment.Count == 6 / members.Length));

    private async Task<GroupDescription> DescribeAsync() =>
        (await _cluster.GrainFactory.GetGrain<IGroupGrain>("g").Describe()).Group!;

    private async Task UntilAsync(Func<bool> condition)
    {
        // A call to a silo that was killed may end only by its timeout.
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (!condition())
        {
            Assert.All(_readers, reader => Assert.True(!reader.HasEnded || reader.IsDisposed, "an enumeration has ended"));
            await Task.Delay(5, patience.Token);
        }
    }
}
