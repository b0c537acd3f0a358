using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Classic;

/// <summary>
/// A classic group with time that the test moves. Ids are written short: <c>a1</c> is the first id that was made, for client or instance <c>a</c>. An answer is
/// written as its error, or as what a member acts on.
/// </summary>
internal sealed partial class ClassicBench
{
    private readonly MembershipOptions _options;
    private readonly Dictionary<long, string> _answers = [];
    private readonly Dictionary<string, MemberId> _ids = [];
    private readonly List<ClassicRecord> _durable = [];
    private long _calls;
    private int _made;

    public ClassicBench(TimeSpan initialDelay = default, int membersMax = 1_000)
    {
        _options = new MembershipOptions { InitialRebalanceDelay = initialDelay, MembersMax = membersMax };
        Machine = new ClassicGroupMachine(_options);
        Machine.Start(default);
    }

    public ClassicGroupMachine Machine { get; private set; }

    public TimeSpan Now { get; private set; }

    /// <summary>The records of the last step, by their names.</summary>
    public string Records { get; private set; } = "";

    /// <summary>A JoinGroup. Protocols are <c>name</c> or <c>name=metadata</c>.</summary>
    public long Join(
        string client, string? id = null, string? instance = null, string protocols = "range", string type = "consumer", int version = 3,
        double session = 10, double rebalance = 10) => Take(++_calls, call => Machine.Join(
            new ClassicJoin(
                id is null ? default(MemberId?) : Id(id), instance is null ? default(GroupInstanceId?) : GroupInstanceId.Parse(instance), client, "host", type,
                [.. protocols.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Protocol)],
                TimeSpan.FromSeconds(session), TimeSpan.FromSeconds(rebalance), version >= 4, version >= 9),
            call, new Guid(++_made, 0, 0, new byte[8]), Now));

    /// <summary>A SyncGroup. Assignments are <c>id=bytes</c>.</summary>
    public long Sync(string id, int generation, string assignments = "", string? instance = null, string? type = null, string? protocol = null) =>
        Take(++_calls, call => Machine.Sync(
            new ClassicSync(
                Key(id, generation, instance), type, protocol,
                [.. assignments.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('='))
                    .Select(pair => new ClassicAssignment(Id(pair[0]).Value, Encoding.UTF8.GetBytes(pair[1])))]),
            call, Now));

    public ErrorCode Heartbeat(string id, int generation, string? instance = null)
    {
        var error = ErrorCode.None;
        Take(0, _ =>
        {
            var step = Machine.Heartbeat(Key(id, generation, instance), Now);
            error = step.Error;
            return step;
        });
        return error;
    }

    /// <summary>A LeaveGroup. Members are <c>id</c>, <c>/instance</c> or <c>id/instance</c>.</summary>
    public string Leave(params string[] members)
    {
        var errors = "";
        Take(0, _ =>
        {
            var step = Machine.Leave(
                [.. members.Select(text => text.Split('/')).Select(parts => new ClassicLeaver(
                    parts[0].Length == 0 ? default(MemberId?) : Id(parts[0]), parts.Length < 2 ? default(GroupInstanceId?) : GroupInstanceId.Parse(parts[1])))],
                Now);
            errors = string.Join(' ', step.Errors);
            return step;
        });
        return errors;
    }

    public ErrorCode Commit(string? id, int generation, string? instance = null, bool isTransactional = false) =>
        Machine.CheckCommit(Key(id, generation, instance), isTransactional, Now);

    /// <summary>The answer to a call; <c>waits</c> if there is none yet.</summary>
    public string Answer(long call) => _answers.GetValueOrDefault(call, "waits");

    /// <summary>Lets time pass, and the machine tick whenever it wants to.</summary>
    public void Advance(double seconds)
    {
        var end = Now + TimeSpan.FromSeconds(seconds);
        while (Machine.NextTick <= end)
        {
            Now = Machine.NextTick.Value > Now ? Machine.NextTick.Value : Now;
            Take(0, _ => Machine.Tick(Now));
        }

        Now = end;
    }

    /// <summary>Forgets all that is not durable.</summary>
    public void Restart()
    {
        Machine = new ClassicGroupMachine(_options);
        _durable.ForEach(Machine.Replay);
        Machine.Start(Now);
    }

    /// <summary>Phase, generation, and the members with what they have.</summary>
    public string Describe()
    {
        var group = Machine.Describe("g");
        return $"{group.Phase} {group.Epoch} {group.ProtocolType}/{group.Assignor}".TrimEnd('/') + string.Concat(group.Members.Select(
            member => $" {Short(member.MemberId.Value)}:{Text(member.Classic!.Metadata)}>{Text(member.Classic.Assignment)}"));
    }

    private long Take(long call, Func<long, ClassicStep> act)
    {
        var step = act(call);
        _durable.AddRange(step.Records);
        Records = string.Join(' ', step.Records.Select(record => record.GetType().Name));
        foreach (var (answered, answer) in step.Joined)
        {
            Assert.True(_answers.TryAdd(answered, Text(answer)), "a call is answered once");
        }

        foreach (var (answered, answer) in step.Synced)
        {
            Assert.True(_answers.TryAdd(answered, answer.Error == ErrorCode.None ? Text(answer.Assignment) : answer.Error.ToString()), "a call is answered once");
        }

        return call;
    }

    private string Text(ClassicJoined answer) => answer.Error != ErrorCode.None
        ? $"{answer.Error} {Short(answer.MemberId)}".TrimEnd()
        : $"{answer.Generation} {answer.ProtocolType}/{answer.Protocol} {Short(answer.MemberId)} led by {Short(answer.Leader)}"
            + (answer.SkipsAssignment ? ", skips" : "")
            + (answer.Members.IsEmpty ? "" : ": " + string.Join(' ', answer.Members.Select(member => $"{Short(member.MemberId.Value)}={Text(member.Metadata)}")));

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private ClassicMemberKey Key(string? id, int generation, string? instance) =>
        new(id is null ? default(MemberId?) : Id(id), instance is null ? default(GroupInstanceId?) : GroupInstanceId.Parse(instance), generation);

    private MemberId Id(string name) => _ids.GetValueOrDefault(name, MemberId.Parse(name));

    private string Short(string id)
    {
        var match = Made().Match(id);
        if (!match.Success)
        {
            return id;
        }

        var name = match.Groups[1].Value + int.Parse(match.Groups[2].ValueSpan, System.Globalization.NumberStyles.HexNumber, null);
        _ids[name] = MemberId.Parse(id);
        return name;
    }

    private static ClassicProtocol Protocol(string text)
    {
        var parts = text.Split('=');
        return new ClassicProtocol(parts[0], Encoding.UTF8.GetBytes(parts.Length > 1 ? parts[1] : parts[0] + "!"));
    }

    [GeneratedRegex("^(.*)-([0-9a-f]{8})-0000-0000-0000-000000000000$")]
    private static partial Regex Made();
}
