using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Tests.Clusters;
using Loire.Model.Groups;
using Loire.TestKit;
using Orleans.TestingHost;
using Xunit.Abstractions;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>One fault at a time to a group whose topic gets records all the time; the checker judges what becomes of it.</summary>
public sealed class FaultTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Topic = "churn-t";

    private readonly History _history = new(ChurnProfile.All.ToDictionary(profile => profile.Group, profile => profile.Guarantee));
    private readonly List<ChurnMember> _members = [];
    private TestCluster _cluster = null!;
    private LoireClient _client = null!;
    private ChurnProducers _producers = null!;

    private static ChurnProfile Auto => ChurnProfile.All[0];

    private static ChurnProfile Manual => ChurnProfile.All[1];

    private static ChurnProfile Static => ChurnProfile.All[4];

    public async Task InitializeAsync()
    {
        _cluster = await SharedStore.DeployAsync(2, new LossyGrainStorage(), options =>
            options.Groups.Members = options.Groups.Members with { SessionTimeoutMin = TimeSpan.FromSeconds(1) });
        _client = new LoireClient(_cluster.GrainFactory);
        _producers = new ChurnProducers(_client, _history, new Random(1));
    }

    public async Task DisposeAsync()
    {
        output.WriteLine(_history.Summary());
        _members.ForEach(member => member.Freeze(atRecord: false));
        await _producers.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task A_zombie_commits_nothing_and_learns_that_it_has_lost_its_partitions()
    {
        await CreateAsync(6);
        var zombie = Join(Manual);
        await DeliveredAsync(Manual, 50);
        await FreezeAsync(zombie);
        var id = zombie.MemberId;
        Join(Manual);
        await Until(async () => (await DescribeAsync(Manual)).Members.All(member => member.MemberId != id));
        await DeliveredAsync(Manual, 50);
        Assert.Equal(0, _history.CountOf("commits refused with UnknownMemberId"));
        zombie.Thaw();
        await Until(() => _history.CountOf("partitions lost") >= 6 && zombie.Assignment.Count == 3);
        Assert.True(_history.CountOf("commits refused with UnknownMemberId") > 0);
        Assert.True(_history.CountOf("applications told UnknownMemberId") > 0);
        await EndAsync(Manual);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_member_that_dies_with_a_record_in_its_hands_breaks_no_promise(int number)
    {
        var profile = ChurnProfile.All[number];
        await CreateAsync(6);
        for (var death = 0; death < 2; death++)
        {
            var victim = Join(profile);
            Join(profile);
            await Until(() => victim.Assignment.Count > 0);
            await DeliveredAsync(profile, 30);
            await FreezeAsync(victim);
            _members.Remove(victim);
            await DeliveredAsync(profile, 30);
        }

        await EndAsync(profile);
    }

    [Fact]
    public async Task Members_that_join_and_leave_in_storms_share_everything_in_the_end()
    {
        await CreateAsync(24);
        for (var i = 0; i < 24; i++)
        {
            Join(Auto);
        }

        await Until(() => _members.All(member => member.Assignment.Count == 1));
        await DeliveredAsync(Auto, 50);
        await Task.WhenAll(_members.Take(12).Select(member => member.Leave()));
        _members.RemoveRange(0, 12);
        await Until(() => _members.All(member => member.Assignment.Count == 2));
        await EndAsync(Auto);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Members_that_leave_in_the_middle_of_a_rebalance_hold_nothing_up(int number)
    {
        var profile = ChurnProfile.All[number];
        await CreateAsync(6);
        var (slow, other) = (Join(profile), Join(profile));
        await Until(() => slow.Assignment.Count == 3 && other.Assignment.Count == 3);
        await FreezeAsync(slow);
        var newcomer = Join(profile);
        await Until(async () => (await DescribeAsync(profile)).Phase is GroupPhase.Reconciling or GroupPhase.Stable
            && (await DescribeAsync(profile)).Members.Any(member => member.MemberId.Value == newcomer.MemberId));
        _members.Remove(newcomer);
        _members.Remove(other);
        await Task.WhenAll(newcomer.Leave(), other.Leave());
        slow.Thaw();
        await Until(() => slow.Assignment.Count == 6);
        await EndAsync(profile);
    }

    [Fact]
    public async Task Of_two_consumers_with_one_instance_id_the_later_one_goes_on_and_the_earlier_one_hears_of_it()
    {
        await CreateAsync(6);
        var first = Join(Static, "i");
        await DeliveredAsync(Static, 30);
        var second = Join(Static, "i");
        await Until(() => first.HasEnded && second.Assignment.Count == 6);
        _members.Remove(first);
        Assert.Equal(1, _history.CountOf("consumers refused with FencedInstanceId"));
        Assert.Single((await DescribeAsync(Static)).Members);
        await EndAsync(Static);
    }

    [Fact]
    public async Task Partitions_that_are_added_under_load_are_read_from_their_first_record()
    {
        await CreateAsync(1);
        Join(Auto);
        Join(Auto);
        foreach (var partitions in new[] { 2, 5, 8 })
        {
            await DeliveredAsync(Auto, 30);
            await _client.Admin.CreatePartitionsAsync(Topic, partitions);
            _producers.KnowPartitions(Topic, partitions);
        }

        await Until(() => _members.All(member => member.Assignment.Count == 4));
        await EndAsync(Auto);
    }

    [Fact]
    public async Task A_clock_that_jumps_costs_its_member_nothing()
    {
        await CreateAsync(6);
        var time = new JumpingTime();
        var member = Join(Manual, time: time);
        foreach (var (monotonic, date) in new[] { (1.0, 1.0), (0.0, -24.0), (0.001, 24.0) })
        {
            await DeliveredAsync(Manual, 50);
            time.Jump(TimeSpan.FromHours(monotonic), TimeSpan.FromHours(date));
        }

        await DeliveredAsync(Manual, 50);
        Assert.Equal(6, member.Assignment.Count);
        Assert.Equal(0, _history.CountOf("partitions lost"));
        await EndAsync(Manual);
    }

    [Fact]
    public async Task A_commit_for_a_partition_of_another_member_is_refused_and_changes_nothing()
    {
        await CreateAsync(2);
        await using var one = NewConsumer();
        await using var other = NewConsumer();
        await Until(() => one.Assignment.Count == 1 && other.Assignment.Count == 1);
        var (own, foreign) = (one.Assignment[0], other.Assignment[0]);

        // A grant ends with the commit of the position, which would replace the one below.
        await Until(async () => (await one.CommittedAsync([own, foreign])).Count(committed => committed.Offset == 0) == 2);
        var failure = await Assert.ThrowsAsync<GroupException>(async () => await one.CommitAsync(
            [new TopicPartitionOffset(own.Topic, own.Partition, 7), new TopicPartitionOffset(foreign.Topic, foreign.Partition, 7)]));
        Assert.Equal((ErrorCode.StaleMemberEpoch, foreign), (failure.Code, failure.Partitions.Single()));
        Assert.Equal(
            [new TopicPartitionOffset(own.Topic, own.Partition, 7)],
            (await one.CommittedAsync([own, foreign])).Where(committed => committed.Offset > 0));

        IConsumer<Ignore, string> NewConsumer()
        {
            // Long enough that no automatic commit of a position, tried again after the rebalance, comes between the commit and the look at it.
            var options = Auto.Options(null);
            options.AutoCommitInterval = TimeSpan.FromSeconds(2);
            var consumer = _client.CreateConsumer(options);
            _ = consumer.SubscribeAsync([Topic]).AsTask();
            return consumer;
        }
    }

    private async Task CreateAsync(int partitions)
    {
        await _client.Admin.CreateTopicAsync(new NewTopic(Topic, partitions));
        _producers.Start(Topic, partitions);
    }

    private ChurnMember Join(ChurnProfile profile, string? instance = null, TimeProvider? time = null)
    {
        var name = $"{profile.Group}-{_history.Now}-{_members.Count}";
        var member = new ChurnMember(
            _cluster.GrainFactory, profile, name, instance ?? (profile.IsStatic ? name : null), _history, new Random(1), time);
        _members.Add(member);
        member.Start([Topic]);
        return member;
    }

    private async Task FreezeAsync(ChurnMember member)
    {
        member.Freeze(atRecord: true);
        await Until(() => member.IsFrozen);
    }

    private async Task<GroupDescription> DescribeAsync(ChurnProfile profile) =>
        (await _cluster.GrainFactory.GetGrain<IGroupGrain>(profile.Group).Describe()).Group!;

    private Task DeliveredAsync(ChurnProfile profile, int more)
    {
        var goal = _history.DeliveredTo(profile.Group) + more;
        return Until(() => _history.DeliveredTo(profile.Group) >= goal);
    }

    /// <summary>Everything is read, everyone leaves, and the history is judged.</summary>
    private async Task EndAsync(ChurnProfile profile)
    {
        await _producers.StopAsync();
        if (profile.Guarantee == ConsumeGuarantee.AtLeastOnce)
        {
            await Until(() => _history.FirstMissing(profile.Group) is null);
        }

        await Task.WhenAll(_members.Where(member => !member.HasEnded).Select(member => member.Leave()));
        if (profile.Guarantee == ConsumeGuarantee.AtLeastOnce)
        {
            Assert.Null(_history.FirstMissing(profile.Group));
        }

        Assert.Empty(_history.Problems);
    }

    private Task Until(Func<bool> condition) => Until(() => Task.FromResult(condition()));

    private async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await condition())
        {
            Assert.Empty(_history.Problems);
            await Task.Delay(10, patience.Token);
        }
    }
}
