using System.Globalization;
using System.Text;
using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Classic;

/// <summary>
/// Members that join, sync, beat, restart, vanish and leave at random, while the group's driver dies at times with or without its last records. Each generation
/// has one leader and one protocol, nobody gets an assignment that another generation's leader made, and each call is answered once.
/// </summary>
public class ClassicHistoryTests
{
    public static TheoryData<int> Seeds => Environment.GetEnvironmentVariable("LOIRE_SEED") is { } given
        ? [int.Parse(given, CultureInfo.InvariantCulture)]
        : [.. Enumerable.Range(20260000, 24)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Each_generation_is_one_and_each_call_is_answered_once(int seed)
    {
        var history = new History(new Random(seed));
        for (var i = 0; i < 4_000; i++)
        {
            history.Go();
        }

        history.LeaveAll();
        Assert.True(history is { Assignments: > 40, Generations: > 20 }, $"seed {seed}: {history.Assignments} assignments in {history.Generations} generations");
    }

    private sealed class Client(string name, string? instance, int version)
    {
        public string Name => name;

        public string? Instance => instance;

        public int Version => version;

        public MemberId? Id { get; set; }

        public int Generation { get; set; } = -1;

        public bool IsWaiting { get; set; }

        public bool IsJoined { get; set; }

        public IReadOnlyList<ClassicJoinedMember> Led { get; set; } = [];
    }

    private sealed class History(Random random)
    {
        private readonly MembershipOptions _options = new() { InitialRebalanceDelay = TimeSpan.FromSeconds(random.Next(2)) };
        private readonly List<Client> _clients = [];
        private readonly List<ClassicRecord> _durable = [];
        private readonly Dictionary<long, Client> _waiting = [];
        private readonly Dictionary<int, (string Leader, string Protocol)> _generations = [];
        private ClassicGroupMachine _machine = new(new MembershipOptions());
        private TimeSpan _now;
        private long _calls;
        private int _names;
        private int _highest;
        private bool _isStarted;

        public int Assignments { get; private set; }

        public int Generations => _generations.Count;

        public void Go()
        {
            if (!_isStarted || random.Next(300) == 0)
            {
                Restart();
            }

            var client = _clients.Count > 0 && random.Next(30) > 0 ? _clients[random.Next(_clients.Count)] : NewClient();
            switch (random.Next(60))
            {
                case >= 0 and < 5:
                    _now += TimeSpan.FromSeconds(random.Next(4));
                    Take(_machine.Tick(_now), null, 0);
                    break;
                case 5:
                    Leave(client);
                    break;
                case 6:
                    // It vanishes; a static one comes back without its id.
                    _clients.Remove(client);
                    if (client.Instance is { } instance)
                    {
                        _clients.Add(new Client(client.Name, instance, random.Next(3, 10)));
                    }

                    break;
                default:
                    Act(client);
                    break;
            }
        }

        public void LeaveAll()
        {
            foreach (var member in _machine.Describe("g").Members)
            {
                Take(_machine.Leave([new ClassicLeaver(member.MemberId, null)], _now), null, 0);
            }

            _now += TimeSpan.FromMinutes(1);
            Take(_machine.Tick(_now), null, 0);
            _now += TimeSpan.FromMinutes(1);
            Take(_machine.Tick(_now), null, 0);
            Assert.Equal((GroupPhase.Empty, 0), (_machine.Phase, _waiting.Count));
        }

        private Client NewClient()
        {
            var name = $"c{_names++}";
            var client = new Client(name, random.Next(3) == 0 ? "s" + random.Next(3) : null, random.Next(3, 10));
            if (client.Instance is not null)
            {
                _clients.RemoveAll(other => other.Instance == client.Instance);
            }

            if (_clients.Count < 6)
            {
                _clients.Add(client);
            }

            return client;
        }

        private void Restart()
        {
            // What was not answered was perhaps not durable either.
            foreach (var client in _waiting.Values.Concat(_clients))
            {
                client.IsWaiting = false;
            }

            _waiting.Clear();
            _isStarted = true;
            _machine = new ClassicGroupMachine(_options);
            _durable.ForEach(_machine.Replay);
            _machine.Start(_now);
        }

        private void Act(Client client)
        {
            if (client.IsWaiting)
            {
                return;
            }

            if (!client.IsJoined)
            {
                Join(client);
            }
            else if (random.Next(3) == 0)
            {
                Sync(client);
            }
            else
            {
                var step = _machine.Heartbeat(Key(client), _now);
                Take(step, null, 0);
                Hear(client, step.Error);
            }
        }

        private void Join(Client client)
        {
            string[] names = random.Next(2) == 0 ? ["common", "other"] : ["extra", "common"];
            var call = Begin(client);
            Take(_machine.Join(
                new ClassicJoin(
                    client.Id, client.Instance is { } instance ? GroupInstanceId.Parse(instance) : default(GroupInstanceId?), client.Name, "", "consumer",
                    [.. names.Select(name => new ClassicProtocol(name, Encoding.UTF8.GetBytes(client.Instance ?? client.Name)))],
                    TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(random.Next(1, 9)), client.Version >= 4, client.Version >= 9),
                call, NewGuid(), _now), client, call);
        }

        private void Sync(Client client)
        {
            var call = Begin(client);
            Take(_machine.Sync(
                new ClassicSync(
                    Key(client), null, null,
                    [.. client.Led.Select(member => new ClassicAssignment(
                        member.MemberId.Value, Encoding.UTF8.GetBytes($"{client.Generation}:{Encoding.UTF8.GetString(member.Metadata.Span)}")))]),
                call, _now), client, call);
        }

        private void Leave(Client client)
        {
            if (client.Id is { } id)
            {
                Take(_machine.Leave([new ClassicLeaver(id, null)], _now), null, 0);
                _clients.Remove(client);
            }
        }

        private long Begin(Client client)
        {
            client.IsWaiting = true;
            _waiting.Add(++_calls, client);
            return _calls;
        }

        /// <summary>The driver makes the records durable and then answers; or it dies before, or in between.</summary>
        private void Take(ClassicStep step, Client? caller, long call)
        {
            var isDead = step.Records.Count > 0 && random.Next(25) == 0;
            if (!isDead || random.Next(2) == 0)
            {
                // The encoding is part of it.
                _durable.AddRange(step.Records.Select(record =>
                    ClassicRecordCodec.TryRead(ClassicRecordCodec.Write(record).Span, out var read) ? read : throw new InvalidOperationException()));
            }

            if (isDead)
            {
                Restart();
                return;
            }

            foreach (var (answered, answer) in step.Joined)
            {
                Assert.True(_waiting.Remove(answered, out var client), "a call is answered once");
                Hear(client, answer);
            }

            foreach (var (answered, answer) in step.Synced)
            {
                Assert.True(_waiting.Remove(answered, out var client), "a call is answered once");
                client.IsWaiting = false;
                Hear(client, answer.Error);
                if (answer.Error == ErrorCode.None)
                {
                    Assert.Equal($"{client.Generation}:{client.Instance ?? client.Name}", Encoding.UTF8.GetString(answer.Assignment.Span));
                    Assignments++;
                }
            }

            Assert.True(caller is null || !_waiting.ContainsKey(call) || _machine.HasMembers, "a call waits only in a group with members");
        }

        private void Hear(Client client, ClassicJoined answer)
        {
            client.IsWaiting = false;
            if (answer.Error != ErrorCode.None)
            {
                Hear(client, answer.Error);
                client.Id = answer.Error == ErrorCode.MemberIdRequired ? MemberId.Parse(answer.MemberId) : client.Id;
                return;
            }

            (client.Id, client.Generation, client.IsJoined) = (MemberId.Parse(answer.MemberId), answer.Generation, true);
            client.Led = answer.SkipsAssignment ? [] : answer.Members;
            Assert.True(client.Led.Count == 0 || answer.Leader == answer.MemberId, "only the leader gets the members");
            if (client.Instance is null)
            {
                // A static leader comes back under another id.
                var isKnown = _generations.TryGetValue(answer.Generation, out var known);
                var isOfStatic = isKnown && known.Leader.StartsWith('s');
                Assert.True(!isKnown || isOfStatic || known == (answer.Leader, answer.Protocol), $"generation {answer.Generation} has one leader and one protocol");
            }

            if (_generations.TryAdd(answer.Generation, (answer.Leader, answer.Protocol!)))
            {
                Assert.True(answer.Generation > _highest, "a generation that was not told before is newer than all others");
                _highest = answer.Generation;
            }
        }

        private static void Hear(Client client, ErrorCode error)
        {
            client.IsJoined &= error == ErrorCode.None;
            client.Id = error is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId ? null : client.Id;
        }

        private static ClassicMemberKey Key(Client client) =>
            new(client.Id, client.Instance is { } instance ? GroupInstanceId.Parse(instance) : default(GroupInstanceId?), client.Generation);

        private Guid NewGuid()
        {
            var bytes = new byte[16];
            random.NextBytes(bytes);
            return new Guid(bytes);
        }
    }
}
