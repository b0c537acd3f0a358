using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Kafka.Replay.Tests.Players;

/// <summary>
/// Plays one scenario. Where the recording slept, it waits until the transactions of the scenario have come as far as they do by themselves, and until a join
/// that was sent has arrived. Only where sessions of a group end in between, it sleeps as well; for a moment also where a group assigns itself.
/// </summary>
internal sealed class ScenarioPlayer(IPlayer player)
{
    private const int ShortestSessionMs = 2_000;
    private const int LongestAssignmentMs = 500;

    /// <summary>What the client of the recordings calls itself, where a step does not say otherwise.</summary>
    public const string Client = "probe";

    private readonly Dictionary<string, JsonNode?> _answers = [];
    private readonly Dictionary<string, int> _expectedMembers = [];
    private bool _hasGroups;
    private bool _hasConsumers;
    private readonly HashSet<string> _transactionalIds = [];

    /// <summary>Plays the steps.</summary>
    /// <returns>The answer of each step; null where there is none.</returns>
    public async Task<JsonNode?[]> PlayAsync(JsonObject scenario)
    {
        JsonObject[] steps = [.. scenario.Items("steps").Select(step => step.AsObject())];
        var answers = new JsonNode?[steps.Length];
        Dictionary<string, Task<JsonNode?>> underWay = [];
        for (var i = 0; i < steps.Length; i++)
        {
            var (step, name) = (steps[i], Recording.NameOf(steps[i]));
            if (step["sleepMs"] is not null)
            {
                await SettleAsync(step.Long("sleepMs"));
            }
            else if (step.Text("raw") is { } raw)
            {
                answers[i] = await player.SendRawAsync(step.Text("connection") ?? "", raw);
            }
            else if (step["close"] is not null)
            {
                await player.CloseAsync(step.Text("connection") ?? "");
            }
            else if (step["await"] is not null)
            {
                answers[i] = _answers[name] = await underWay[name];
            }
            else if (step.Flag("async"))
            {
                await ExpectAsync(step);
                underWay.Add(name, AskAsync(WithEnd(step, steps.FirstOrDefault(later => later.Text("await") == name))));
            }
            else
            {
                answers[i] = _answers[name] = await AskAsync(step);
            }
        }

        return answers;
    }

    /// <summary>A request without acknowledgement whose end is recorded where it is awaited: the player is to wait for that.</summary>
    private static JsonObject WithEnd(JsonObject step, JsonObject? awaited)
    {
        if (step.Text("api") != "Produce" || awaited?["answer"] is null)
        {
            return step;
        }

        var whole = step.DeepClone().AsObject();
        (whole["answer"], whole["waitMs"]) = (awaited["answer"]!.DeepClone(), awaited["waitMs"]?.DeepClone());
        return whole;
    }

    private async Task<JsonNode?> AskAsync(JsonObject step)
    {
        JsonObject body;
        try
        {
            body = step["bodyLeftOut"] is null
                ? new References(name => _answers.GetValueOrDefault(name)).Resolve(step["body"])!.AsObject()
                : LargeProduce(step);
        }
        catch (KeyNotFoundException)
        {
            // The step that it needs has not been answered, and counts itself as different.
            return null;
        }

        if (body.Text("transactionalId") is { Length: > 0 } id)
        {
            _transactionalIds.Add(id);
        }

        _hasGroups |= step.Text("api") == "JoinGroup";
        _hasConsumers |= step.Text("api") == "ConsumerGroupHeartbeat";
        var answer = await player.AskAsync(step.Text("connection") ?? "", step.Text("api")!, step.Int("version"), body, step);

        // As it would arrive: an answer that was built has other types of numbers.
        return answer is null ? null : JsonNode.Parse(answer.ToJsonString());
    }

    /// <summary>The request that recordings leave out: one record with a value of more than 1 MiB.</summary>
    private static JsonObject LargeProduce(JsonObject step)
    {
        using var builder = new RecordBatchBuilder();
        builder.Append(Timestamp.None, [], true, new byte[1_100_000], false, []);
        return Produce(step["answer"]!.Items("responses").Single().Text("name")!, (0, builder.Build()));
    }

    /// <summary>A request that waits for all copies.</summary>
    public static JsonObject Produce(string topic, params (int Partition, ReadOnlyMemory<byte> Batch)[] batches) => new()
    {
        ["transactionalId"] = null,
        ["acks"] = -1,
        ["timeoutMs"] = 30_000,
        ["topicData"] = new JsonArray(new JsonObject
        {
            ["name"] = topic,
            ["partitionData"] = batches.Select(one => new JsonObject
            {
                ["index"] = one.Partition,
                ["records"] = Convert.ToBase64String(one.Batch.Span),
            }).ToJson(),
        }),
    };

    private async Task SettleAsync(long recordedMs)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        if (_hasGroups && recordedMs >= ShortestSessionMs)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(recordedMs), timeout.Token);
        }
        else if (_hasConsumers)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(recordedMs, LongestAssignmentMs)), timeout.Token);
        }

        foreach (var (group, members) in _expectedMembers)
        {
            while (await DescribeAsync(group) is var described
                && (described.Text("groupState") != "PreparingRebalance" || described.Items("members").Count() < members))
            {
                await Task.Delay(5, timeout.Token);
            }
        }

        _expectedMembers.Clear();
        while (_transactionalIds.Count > 0)
        {
            var answer = await player.AskAsync("settle", "DescribeTransactions", 0, new JsonObject
            {
                ["transactionalIds"] = new JsonArray([.. _transactionalIds.Select(id => JsonValue.Create(id))]),
            });
            if (!answer!.Items("transactionStates").Any(one => IsUnderWay(one, recordedMs)))
            {
                return;
            }

            await Task.Delay(5, timeout.Token);
        }
    }

    /// <summary>A join that waits has arrived once its group prepares a rebalance and has its member.</summary>
    private async Task ExpectAsync(JsonObject step)
    {
        if (step.Text("api") == "JoinGroup")
        {
            var body = new References(name => _answers.GetValueOrDefault(name)).Resolve(step["body"])!.AsObject();
            var members = (await DescribeAsync(body.Text("groupId")!)).Items("members").ToArray();
            var isKnown = members.Any(member => member.Text("memberId") == body.Text("memberId")
                || (member.Text("groupInstanceId") is { } instance && instance == body.Text("groupInstanceId")));
            _expectedMembers[body.Text("groupId")!] = members.Length + (isKnown ? 0 : 1);
        }
    }

    private async Task<JsonNode> DescribeAsync(string group)
    {
        var answer = await player.AskAsync("settle", "DescribeGroups", 5, new JsonObject { ["groups"] = new JsonArray(group) });
        return answer!.Items("groups").Single();
    }

    private static bool IsUnderWay(JsonNode transaction, long recordedMs) => transaction.Text("transactionState") switch
    {
        "PrepareCommit" or "PrepareAbort" => true,
        "Ongoing" => transaction.Long("transactionTimeoutMs") < recordedMs,
        _ => false,
    };
}
