using System.Globalization;
using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Coordination.Groups.Membership;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Membership;

/// <summary>A group, its journal and its members' last answers, driven step by step by a test.</summary>
internal sealed class TestGroup
{
    public static readonly MembershipOptions NoDelays = new()
    {
        InitialRebalanceDelay = TimeSpan.Zero,
        AssignmentInterval = TimeSpan.Zero,
    };

    private readonly AssignorRegistry _assignors;
    private readonly MembershipOptions _options;

    public TestGroup(MembershipOptions? options = null, params (string Topic, int Count)[] topics)
    {
        _options = options ?? NoDelays;
        _assignors = new AssignorRegistry(
            new Dealer("dealt", false, null), new Dealer("kept", true, null),
            new Dealer("odd-dealt", false, this), new Dealer("odd-kept", true, this));
        Machine = new GroupMachine(_assignors, _options);
        Machine.Start(Now);
        Topics(topics.Length == 0 ? [("t", 4)] : topics);
    }

    public GroupMachine Machine { get; private set; }

    public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

    public List<ReadOnlyMemory<byte>> Journal { get; } = [];

    /// <summary>How the assignors <c>odd-dealt</c> and <c>odd-kept</c> corrupt a valid assignment.</summary>
    public Func<Dictionary<MemberId, IReadOnlyList<TopicPartition>>, Dictionary<MemberId, IReadOnlyList<TopicPartition>>> Odd { get; set; } =
        static sound => sound;

    /// <summary>The last answer to each member.</summary>
    public Dictionary<MemberId, HeartbeatResult> Told { get; } = [];

    public GroupState State => Machine.State;

    public static MemberSubscription Wants(
        string topics = "t", string? pattern = null, string assignors = "kept", int sessionSeconds = 45, int rebalanceSeconds = 300) => new(
            [.. topics.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(TopicName.Parse)], pattern, [.. assignors.Split(' ')],
            TimeSpan.FromSeconds(sessionSeconds), TimeSpan.FromSeconds(rebalanceSeconds));

    public static TopicPartition[] PartitionsOf(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => new TopicPartition(
            TopicName.Parse(name[..name.LastIndexOf('-')]), int.Parse(name[(name.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture)))];

    public GroupStep Topics(params (string Topic, int Count)[] topics) =>
        Keep(Machine.TopicsAre(topics.ToDictionary(topic => TopicName.Parse(topic.Topic), topic => topic.Count), Now));

    public GroupStep Join(MemberId memberId, MemberSubscription? wants = null, GroupInstanceId? instanceId = null) =>
        Beat(memberId, 0, [], wants ?? Wants(), instanceId);

    /// <summary>A join that is refused while another member has the instance id and has not gone.</summary>
    public GroupStep JoinReleased(MemberId memberId, GroupInstanceId instanceId)
    {
        var step = Keep(Machine.Heartbeat(
            new HeartbeatRequest(memberId, instanceId, 0, "app", "host", Wants(), [], default, AwaitsRelease: true), Now));
        if (step.Error == ErrorCode.None)
        {
            Told[memberId] = Machine.Answer(memberId, instanceId, step.JoinedAt);
        }

        return step;
    }

    /// <summary>Sends a heartbeat of a member that has applied its last answer.</summary>
    public GroupStep Beat(MemberId memberId, MemberSubscription? wants = null, GroupInstanceId? instanceId = null) =>
        Beat(memberId, Told[memberId].MemberEpoch, Told[memberId].Assignment, wants, instanceId);

    public GroupStep Beat(
        MemberId memberId, int epoch, IReadOnlyCollection<TopicPartition> owned, MemberSubscription? wants = null, GroupInstanceId? instanceId = null)
    {
        var step = Keep(Machine.Heartbeat(new HeartbeatRequest(memberId, instanceId, epoch, "app", "host", wants, [.. owned], default), Now));
        if (step.Error == ErrorCode.None)
        {
            Told[memberId] = Machine.Answer(memberId, instanceId, step.JoinedAt);
        }

        return step;
    }

    public GroupStep Leave(MemberId? memberId, GroupInstanceId? instanceId = null) => Keep(Machine.Leave(memberId, instanceId, Now));

    /// <summary>Advances the time and ticks the machine whenever it is due.</summary>
    public GroupStep After(double seconds)
    {
        var until = Now + TimeSpan.FromSeconds(seconds);
        List<GroupStep> steps = [];
        while (Machine.NextTick <= until)
        {
            Now = Machine.NextTick.Value > Now ? Machine.NextTick.Value : Now;
            steps.Add(Keep(Machine.Tick(Now)));
        }

        Now = until;
        return new GroupStep(
            ErrorCode.None, null, [.. steps.SelectMany(step => step.Records)], [.. steps.SelectMany(step => step.News).Distinct()], 0);
    }

    /// <summary>Advances the time while the driver is stalled.</summary>
    public void Stall(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        Keep(Machine.Tick(Now));
    }

    /// <summary>Members send heartbeats in turn until the group is stable and all members have its current epoch.</summary>
    public TestGroup Settle(params MemberId[] members)
    {
        for (var round = 0; round < 5; round++)
        {
            foreach (var member in members)
            {
                Assert.Equal(ErrorCode.None, Beat(member, instanceId: State.Members[member].Profile.InstanceId).Error);
            }
        }

        Assert.Equal(GroupPhase.Stable, State.Phase);
        return this;
    }

    /// <summary>Crashes the driver and replays the journal into a new one.</summary>
    public void Restart()
    {
        var before = Text(GroupRecordCodec.Write(State.Snapshot()));
        Machine = Replayed();
        Assert.Equal(before, Text(GroupRecordCodec.Write(State.Snapshot())));
        Machine.Start(Now);
    }

    public GroupMachine Replayed()
    {
        var machine = new GroupMachine(_assignors, _options);
        foreach (var bytes in Journal)
        {
            Assert.True(GroupRecordCodec.TryRead(bytes.Span, out var record));
            machine.Replay(record);
        }

        return machine;
    }

    public string Assigned(MemberId memberId) => string.Join(' ', State.Members[memberId].Assigned);

    public string Revoking(MemberId memberId) => string.Join(' ', State.Members[memberId].Revoking);

    public string Knows(MemberId memberId) => string.Join(' ', Told[memberId].Assignment);

    private static string Text(ReadOnlyMemory<byte> bytes) => Convert.ToHexString(bytes.Span);

    private GroupStep Keep(GroupStep step)
    {
        Journal.AddRange(step.Records.Select(GroupRecordCodec.Write));
        return step;
    }

    /// <summary>
    /// The simplest assignor: partitions stay with their owners as long as that is fair; the others go in order to the member with the
    /// fewest. The eager one redistributes all partitions each time.
    /// </summary>
    private sealed class Dealer(string name, bool isCooperative, TestGroup? odd) : IAssignor
    {
        public string Name => name;

        public bool IsCooperative => isCooperative;

        public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
            IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts)
        {
            var ordered = members.OrderBy(member => member.MemberId).ToArray();
            var hands = ordered.ToDictionary(member => member.MemberId, _ => new List<TopicPartition>());
            var all = partitionsCounts.OrderBy(topic => topic.Key)
                .SelectMany(topic => Enumerable.Range(0, topic.Value).Select(partition => new TopicPartition(topic.Key, partition)))
                .Where(partition => ordered.Any(member => member.Topics.Contains(partition.Topic))).ToList();
            var share = (all.Count + ordered.Length - 1) / Math.Max(1, ordered.Length);
            foreach (var partition in all.ToArray())
            {
                var keeper = ordered.FirstOrDefault(member => isCooperative && member.Owned.Contains(partition)
                    && member.Topics.Contains(partition.Topic) && hands[member.MemberId].Count < share);
                if (keeper is not null)
                {
                    hands[keeper.MemberId].Add(partition);
                    all.Remove(partition);
                }
            }

            foreach (var partition in all)
            {
                var subscribers = ordered.Where(member => member.Topics.Contains(partition.Topic));
                hands[subscribers.MinBy(member => hands[member.MemberId].Count)!.MemberId].Add(partition);
            }

            var sound = hands.ToDictionary(hand => hand.Key, hand => (IReadOnlyList<TopicPartition>)hand.Value);
            return odd is null ? sound : odd.Odd(sound);
        }
    }
}
