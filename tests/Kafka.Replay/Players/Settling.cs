using System.Diagnostics;
using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Recordings;

namespace Loire.Kafka.Replay.Players;

/// <summary>
/// What a recording slept for, on a machine that may be slower: that a join under way has reached its group, and that transactions have ended which end by themselves.
/// </summary>
/// <param name="wire">The connections of the scenario; another one asks.</param>
internal sealed class Settling(WirePlayer wire)
{
    private const string Connection = "settling";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly List<ExpectedJoin> _joins = [];
    private readonly HashSet<string> _transactionalIds = [];
    private ExpectedJoin? _next;

    /// <summary>Before a request whose answer is awaited later: how many members the group of a join has then.</summary>
    public async Task ExpectAsync(JsonObject step, JsonObject body)
    {
        if (step.Text("api") == "JoinGroup" && body.Text("groupId") is { } group)
        {
            var members = (await DescribeAsync(group)).Items("members").ToArray();
            var isKnown = members.Any(member => member.Text("memberId") == body.Text("memberId")
                || (member.Text("groupInstanceId") is { } instance && instance == body.Text("groupInstanceId")));
            _next = new ExpectedJoin(group, members.Length + (isKnown ? 0 : 1));
        }
    }

    /// <summary>After a request was sent.</summary>
    public void Sent(JsonObject step, JsonObject body, PendingAnswer answer)
    {
        if (_next is { } join)
        {
            _joins.Add(join with { Answer = answer });
            _next = null;
        }

        if (step.Text("api") is { } api && api != "DescribeTransactions" && body["transactionalId"] is JsonValue id && id.ToString() is { Length: > 0 } text)
        {
            _transactionalIds.Add(text);
        }
    }

    /// <summary>Waits, at most for some seconds.</summary>
    /// <param name="slept">How long the recording slept: transactions with a shorter timeout were aborted meanwhile.</param>
    public async Task WaitAsync(TimeSpan slept)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < Patience && (await AnyJoinIsUnderWayAsync() || await AnyTransactionIsUnderWayAsync(slept)))
        {
            await Task.Delay(Pause);
        }

        _joins.Clear();
    }

    private async Task<bool> AnyJoinIsUnderWayAsync()
    {
        foreach (var join in _joins.Where(join => !join.Answer!.HasArrived))
        {
            var group = await DescribeAsync(join.Group);
            if (group.Text("groupState") != "PreparingRebalance" || group.Items("members").Count() < join.Members)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<bool> AnyTransactionIsUnderWayAsync(TimeSpan slept)
    {
        if (_transactionalIds.Count == 0)
        {
            return false;
        }

        var answer = await wire.AskAsync(Connection, "DescribeTransactions", 0, new JsonObject
        {
            ["transactionalIds"] = new JsonArray([.. _transactionalIds.Select(id => JsonValue.Create(id))]),
        });
        return answer.Items("transactionStates").Any(one => one.Text("transactionState") switch
        {
            "PrepareCommit" or "PrepareAbort" => true,
            "Ongoing" => one.Long("transactionTimeoutMs") < slept.TotalMilliseconds,
            _ => false,
        });
    }

    private async Task<JsonNode> DescribeAsync(string group)
    {
        var answer = await wire.AskAsync(Connection, "DescribeGroups", 5, new JsonObject { ["groups"] = new JsonArray(group) });
        return answer.Items("groups").Single();
    }

    private sealed record ExpectedJoin(string Group, int Members, PendingAnswer? Answer = null);
}
