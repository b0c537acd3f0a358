using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Coordination.Groups.Membership;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Membership;

/// <summary>
/// Drives the machine like a grain: applies records immediately, writes them asynchronously, and sends no answer before the records that it
/// depends on are durable.
/// </summary>
internal sealed class SimulatedDriver
{
    private readonly Simulation _simulation;
    private readonly MembershipOptions _options;
    private readonly Dictionary<MemberId, Call> _waiting = [];
    private readonly List<(long Needs, Action Do)> _parked = [];
    private HashSet<(MemberId MemberId, TopicPartition Partition)> _revoked = [];
    private List<(byte[] Bytes, Action? OnDurable)> _journal = [];
    private Dictionary<TopicName, int> _topics;
    private GroupMachine _machine;
    private long _base;
    private int _durable;

    public SimulatedDriver(Simulation simulation, MembershipOptions options, IReadOnlyDictionary<string, int> topics)
    {
        (_simulation, _options) = (simulation, options);
        _topics = Named(topics);
        _machine = new GroupMachine(new AssignorRegistry(), options);
        _machine.Start(simulation.Now);
        Do(_machine.TopicsAre(_topics, simulation.Now));
    }

    private sealed record Call(HeartbeatRequest Request, int Life, Action<HeartbeatResult, int> Reply, TimeSpan Until);

    public GroupState State => _machine.State;

    public TimeSpan? NextTick
    {
        get
        {
            var polls = _waiting.Count == 0 ? (TimeSpan?)null : _waiting.Values.Min(call => call.Until);
            return !(polls < _machine.NextTick) && _machine.NextTick is not null ? _machine.NextTick : polls;
        }
    }

    public void Tick()
    {
        if (_machine.NextTick <= _simulation.Now)
        {
            Do(_machine.Tick(_simulation.Now));
        }

        foreach (var call in _waiting.Values.Where(call => call.Until <= _simulation.Now).ToArray())
        {
            Answer(call);
        }
    }

    public void TopicsAre(IReadOnlyDictionary<string, int> topics)
    {
        _topics = Named(topics);
        Do(_machine.TopicsAre(_topics, _simulation.Now));
    }

    public void Leave(MemberId memberId, GroupInstanceId? instanceId) => Do(_machine.Leave(memberId, instanceId, _simulation.Now));

    public void Heartbeat(HeartbeatRequest request, Action<HeartbeatResult, int> reply)
    {
        var step = _machine.Heartbeat(request, _simulation.Now);
        if (step.Error != ErrorCode.None)
        {
            Park(() => reply(new HeartbeatResult(step.Error, 0, [], default), 0));
            return;
        }

        var call = new Call(request, step.JoinedAt, reply, _simulation.Now + TimeSpan.FromSeconds(3));
        if (_waiting.TryGetValue(request.MemberId, out var older) && older.Life != step.JoinedAt)
        {
            Answer(older);
        }

        _waiting[request.MemberId] = call;
        Do(step, request.MemberId);
        if (_waiting.ContainsKey(request.MemberId) && _machine.HasNews(request.MemberId, step.JoinedAt))
        {
            Answer(call);
        }
    }

    /// <summary>Accepts or refuses a commit, and checks the decision against the partitions that all consumers process.</summary>
    public void Commit(MemberId memberId, int epoch, int life, TopicPartition partition, IReadOnlyList<SimulatedConsumer> consumers)
    {
        if (_machine.CheckCommit(memberId, epoch, partition) == ErrorCode.None)
        {
            _simulation.Checker.CheckCommit(memberId, life, _machine.State.Members[memberId].JoinedAt, partition, consumers);
        }
    }

    /// <summary>Loses all records that are not durable, and the answers that depend on them.</summary>
    public void Crash()
    {
        _journal.RemoveRange(_durable, _journal.Count - _durable);
        _parked.Clear();
        _waiting.Clear();
        _machine = Replayed();
        _revoked = Revoked();
        _machine.Start(_simulation.Now);
        Do(_machine.TopicsAre(_topics, _simulation.Now));
    }

    public void TakeSnapshot()
    {
        Write();
        _base += _journal.Count - 1;
        _journal = [(GroupRecordCodec.Write(_machine.State.Snapshot()).ToArray(), null)];
        _durable = 1;
        CheckReplay();
    }

    /// <summary>Completes a write and sends the answers that waited for it.</summary>
    public void Write()
    {
        for (; _durable < _journal.Count; _durable++)
        {
            _journal[_durable].OnDurable?.Invoke();
        }

        var ready = _parked.Where(parked => parked.Needs <= _base + _durable).ToArray();
        _parked.RemoveAll(parked => parked.Needs <= _base + _durable);
        foreach (var (_, act) in ready)
        {
            act();
        }

        CheckReplay();
    }

    private static Dictionary<TopicName, int> Named(IReadOnlyDictionary<string, int> topics) =>
        topics.ToDictionary(topic => TopicName.Parse(topic.Key), topic => topic.Value);

    private void Do(GroupStep step, MemberId? memberId = null)
    {
        foreach (var record in step.Records)
        {
            _journal.Add((GroupRecordCodec.Write(record).ToArray(), Fact(record, step.JoinedAt)));
        }

        CheckCooperation();
        foreach (var concerned in step.News.Where(concerned => concerned != memberId))
        {
            if (_waiting.TryGetValue(concerned, out var call))
            {
                Answer(call);
            }
        }
    }

    private Action? Fact(GroupRecord record, int joinedAt) => record switch
    {
        GroupRecord.Joined joined => () => _simulation.Checker.Lives(joined.Member.MemberId, joinedAt),
        GroupRecord.Departed departed => () => _simulation.Checker.IsGone(departed.MemberId),
        GroupRecord.Replaced replaced => () =>
        {
            _simulation.Checker.IsGone(replaced.MemberId);
            _simulation.Checker.Lives(replaced.Successor.MemberId, joinedAt);
        }
        ,
        _ => null,
    };

    private void Answer(Call call)
    {
        if (_waiting.GetValueOrDefault(call.Request.MemberId) == call)
        {
            _waiting.Remove(call.Request.MemberId);
        }

        var answer = _machine.Answer(call.Request.MemberId, call.Request.InstanceId, call.Life);
        Park(() => call.Reply(answer, call.Life));
    }

    private void Park(Action act)
    {
        if (_durable == _journal.Count)
        {
            act();
        }
        else
        {
            _parked.Add((_base + _journal.Count, act));
        }
    }

    private GroupMachine Replayed()
    {
        var machine = new GroupMachine(new AssignorRegistry(), _options);
        foreach (var (bytes, _) in _journal)
        {
            Assert.True(GroupRecordCodec.TryRead(bytes, out var record));
            machine.Replay(record);
        }

        return machine;
    }

    private void CheckReplay()
    {
        if (_simulation.Random.Next(40) == 0)
        {
            Assert.Equal(
                Convert.ToHexString(GroupRecordCodec.Write(_machine.State.Snapshot()).Span),
                Convert.ToHexString(GroupRecordCodec.Write(Replayed().State.Snapshot()).Span));
        }
    }

    /// <summary>A cooperative group does not revoke partitions that stay with their owner.</summary>
    private void CheckCooperation()
    {
        var revoked = Revoked();
        foreach (var (memberId, partition) in revoked.Except(_revoked).Where(_ => State.IsCooperative))
        {
            Assert.False(State.Members[memberId].Target.Contains(partition), $"{partition} stays with {memberId}, and is taken back");
        }

        _revoked = revoked;
    }

    private HashSet<(MemberId MemberId, TopicPartition Partition)> Revoked() =>
        [.. State.Members.SelectMany(member => member.Value.Revoking.Select(partition => (member.Key, partition)))];
}
