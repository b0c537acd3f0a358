using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Coordination.Groups.Membership;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Membership;

/// <summary>
/// A group under churn: consumers join, leave, crash, pause, change subscriptions and reuse ids; requests and answers are delayed, lost and
/// reordered; topics are created, expanded and deleted; the driver crashes and loses records that were not durable. Deterministic per seed.
/// </summary>
internal sealed class Simulation(int seed)
{
    private const int MembersMax = 20;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(0.5);

    private readonly Random _random = new(seed);
    private readonly SortedDictionary<string, int> _topics = new(StringComparer.Ordinal) { ["t0"] = 6, ["t1"] = 3 };
    private readonly List<SimulatedConsumer> _consumers = [];
    private readonly List<(TimeSpan At, Action Do)> _events = [];
    private int _names;
    private bool _isCalm;

    public OwnershipChecker Checker { get; } = new();

    public SimulatedDriver Driver { get; private set; } = null!;

    public TimeSpan Now { get; private set; } = TimeSpan.FromDays(1);

    public IReadOnlyList<SimulatedConsumer> Consumers => _consumers;

    public Random Random => _random;

    public void Run(int beats)
    {
        var options = new MembershipOptions
        {
            InitialRebalanceDelay = TimeSpan.FromSeconds(_random.Next(3)),
            AssignmentInterval = TimeSpan.FromSeconds(_random.Next(3)),
        };
        Driver = new SimulatedDriver(this, options, _topics);
        for (var beat = 0; beat < beats; beat++)
        {
            Disturb();
            Advance();
        }

        CalmDown(beats: 400);
    }

    /// <summary>Schedules an action for later; occasionally drops it, unless the calm phase has begun.</summary>
    public void Send(Action deliver, bool mayBeLost = true)
    {
        if (_isCalm || !mayBeLost || _random.Next(12) != 0)
        {
            var slow = !_isCalm && mayBeLost && _random.Next(20) == 0;
            _events.Add((Now + TimeSpan.FromMilliseconds(_random.Next(slow ? 20_000 : 400)), deliver));
        }
    }

    public void At(TimeSpan time, Action act) => _events.Add((time, act));

    private void Advance()
    {
        var until = Now + Beat;
        while (true)
        {
            var next = _events.Count == 0 ? -1 : Enumerable.Range(0, _events.Count).MinBy(index => _events[index].At);
            var tick = Driver.NextTick;
            if (next >= 0 && _events[next].At <= until && !(tick < _events[next].At))
            {
                var (at, act) = _events[next];
                _events.RemoveAt(next);
                Now = at > Now ? at : Now;
                act();
            }
            else if (tick <= until)
            {
                Now = tick.Value > Now ? tick.Value : Now;
                Driver.Tick();
            }
            else
            {
                break;
            }

            Checker.CheckOwners(_consumers, $"seed {seed} at {Now}");
        }

        Now = until;
        _consumers.RemoveAll(consumer => consumer.IsDead);
        foreach (var consumer in _consumers.ToArray())
        {
            consumer.Turn();
        }

        Driver.Write();
        Checker.CheckOwners(_consumers, $"seed {seed} at {Now}");
    }

    private void Disturb()
    {
        var live = _consumers.Where(consumer => !consumer.IsDead).ToArray();
        var someone = live.Length == 0 ? null : live[_random.Next(live.Length)];
        switch (_random.Next(60))
        {
            case < 4 when live.Length < MembersMax:
                Start(_random.Next(4) == 0 ? $"i{_random.Next(4)}" : default(GroupInstanceId?));
                break;
            case 4:
                someone?.Leave();
                break;
            case 5:
                someone?.Die();
                break;
            case 6 or 7:
                someone?.Pause(Now + TimeSpan.FromSeconds(_random.Next(30)));
                break;
            case 8 or 9:
                someone?.Wish(Terms());
                break;
            case 10 when someone is not null && _random.Next(4) == 0:
                _consumers.Add(new SimulatedConsumer(this, someone.MemberId, someone.InstanceId, Terms()));
                break;
            case 11 when someone?.InstanceId is not null:
                someone.Die();
                Start(someone.InstanceId);
                break;
            case 12 or 13:
                Driver.Crash();
                break;
            case 14:
                Driver.TakeSnapshot();
                break;
            case 15 or 16:
                ChangeTopics();
                break;
        }
    }

    private void Start(GroupInstanceId? instanceId) => _consumers.Add(new SimulatedConsumer(this, $"m{_names++}", instanceId, Terms()));

    private MemberSubscription Terms() => TestGroup.Wants(
        _random.Next(3) == 0 ? "t0 t2" : "t0 t1", _random.Next(4) == 0 ? "t[1-9]" : null,
        (seed % 3) switch
        {
            0 => "range",
            1 => "cooperative-sticky",
            _ => _random.Next(2) == 0 ? "cooperative-sticky range sticky" : "roundrobin range cooperative-sticky",
        },
        sessionSeconds: 10, rebalanceSeconds: 15);

    private void ChangeTopics()
    {
        var topic = $"t{_random.Next(4)}";
        if (_random.Next(4) == 0)
        {
            _topics.Remove(topic);
        }
        else
        {
            _topics[topic] = Math.Min(12, _topics.GetValueOrDefault(topic) + 1 + _random.Next(3));
        }

        Driver.TopicsAre(_topics);
    }

    /// <summary>
    /// Stops injecting faults: within bounded time every live consumer processes exactly its target, and all subscribed partitions are
    /// processed.
    /// </summary>
    private void CalmDown(int beats)
    {
        _isCalm = true;
        foreach (var consumer in _consumers)
        {
            consumer.CalmDown();
        }

        // Of two consumers with the same id, the later one survives; the same holds for instance ids.
        var rivals = _consumers.Where(consumer => !consumer.IsDead).GroupBy(consumer => consumer.InstanceId?.Value ?? consumer.MemberId.Value);
        foreach (var rival in rivals.SelectMany(same => same.SkipLast(1)).ToArray())
        {
            rival.Die();
        }

        for (var beat = 0; beat < beats; beat++)
        {
            Advance();
        }

        var live = _consumers.Where(consumer => !consumer.IsDead).ToArray();
        Assert.True(Driver.State.Phase == (live.Length == 0 ? GroupPhase.Empty : GroupPhase.Stable),
            $"seed {seed}: {Driver.State.Phase} with {live.Length} consumers");
        Assert.Equal(live.Length, Driver.State.Members.Count);
        var subscribed =
            from topic in _topics
            where live.Any(consumer => consumer.Subscribes(topic.Key))
            from partition in Enumerable.Range(0, topic.Value)
            select new TopicPartition(TopicName.Parse(topic.Key), partition);
        Assert.Equal(subscribed.Order(), live.SelectMany(consumer => consumer.Owned).Order());
        Assert.All(live, consumer => Assert.Equal(Driver.State.Members[consumer.MemberId].Target, consumer.Owned));
        Assert.Equal(live.Length == 0 ? "" : AssignmentRules.Choose(Driver.State, new AssignorRegistry(), [])!.Name, Driver.State.Assignor);
    }
}
