using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Loire.Kafka.Replay.Recordings;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Kafka.Replay.Players;

/// <summary>Plays one scenario: its steps one after the other, with the waiting that was recorded. A step that cannot be played does not stop the others.</summary>
/// <param name="wire">The connections of this scenario.</param>
internal sealed partial class ScenarioPlayer(WirePlayer wire)
{
    /// <summary>What the client of the recordings calls itself, where a step does not say otherwise.</summary>
    public const string Client = "probe";

    private readonly Dictionary<string, JsonNode> _answers = [];
    private readonly Dictionary<string, AsyncStep> _underWay = [];
    private readonly Settling _settling = new(wire);
    private References _references = new(new HashSet<string>(), new Dictionary<string, JsonNode>());

    /// <summary>Plays the steps.</summary>
    /// <returns>The scenario with what was answered here instead.</returns>
    public async Task<JsonObject> PlayAsync(JsonObject scenario)
    {
        var played = new JsonArray();
        _references = new References(scenario.Items("steps").Select(step => step.Text("step")).OfType<string>().ToHashSet(), _answers);
        foreach (var step in scenario.Items("steps").Select(step => step.AsObject()))
        {
            var result = RecordedStep.WithoutAnswer(step);
            played.Add(result);
            try
            {
                await PlayAsync(step, result);
            }
            catch (Exception failure)
            {
                result["answer"] = $"not played: {failure.Message}";
            }
        }

        var whole = new JsonObject { ["scenario"] = scenario.Text("scenario"), ["steps"] = played };
        return whole;
    }

    private async Task PlayAsync(JsonObject step, JsonObject result)
    {
        if (step["sleepMs"] is not null)
        {
            var recorded = TimeSpan.FromMilliseconds(step.Long("sleepMs"));
            await Task.Delay(recorded);
            await _settling.WaitAsync(recorded);
        }
        else if (step["close"] is not null)
        {
            await wire.CloseAsync(RecordedStep.ConnectionOf(step));
        }
        else if (step.Text("await") is { } awaited)
        {
            // Its answer may be awaited on the connection of the step that asked.
            var asked = _underWay.GetValueOrDefault(awaited) ?? throw new InvalidOperationException($"no request {awaited} is under way");
            await AnswerAsync(step, result, asked.Answer, asked.Connection);
            if (asked.CameBefore is { } other)
            {
                result["cameBefore"] = other;
            }

            _underWay.Remove(awaited);
        }
        else
        {
            await AskAsync(step, result);
        }
    }

    private async Task AskAsync(JsonObject step, JsonObject result)
    {
        var connection = RecordedStep.ConnectionOf(step);
        if (RecordedStep.WasClosed(step) && wire.IsClosed(connection))
        {
            result["answer"] = PendingAnswer.Closed;
            return;
        }

        var body = step.Text("raw") is not null ? [] : step["bodyLeftOut"] is null ? _references.Resolve(step["body"])?.AsObject() ?? [] : LargeProduce(step);
        if (step.Flag("async"))
        {
            await _settling.ExpectAsync(step, body);
        }

        var answer = step.Text("raw") is { } raw
            ? await wire.SendAsync(connection, WireRequest.Raw(Convert.FromHexString(raw)))
            : await wire.SendAsync(connection, step.Text("api")!, step.Int("version"), body, step);
        _settling.Sent(step, body, answer);
        if (step["request"] is not null || step["response"] is not null)
        {
            result["request"] = Convert.ToHexStringLower(answer.Request.Bytes);
        }

        if (step.Flag("async"))
        {
            _underWay[RecordedStep.NameOf(step)] = new AsyncStep(connection, answer);
        }
        else if (RecordedStep.IsAnswered(step, body))
        {
            await AnswerAsync(step, result, answer, connection);
        }
    }

    private async Task AnswerAsync(JsonObject step, JsonObject result, PendingAnswer pending, string connection)
    {
        var (name, begun) = (RecordedStep.NameOf(step), Stopwatch.GetTimestamp());
        var answer = await pending.WaitAsync(step["waitMs"] is null ? WirePlayer.Patience : TimeSpan.FromMilliseconds(step.Long("waitMs")));
        result["answer"] = answer;
        if (pending.Frame is { } frame)
        {
            result["response"] = Convert.ToHexStringLower(frame);
        }

        if (answer is JsonObject)
        {
            _answers[name] = answer;
            if (pending.Version != pending.Request.Version)
            {
                result["answerVersion"] = pending.Version;
            }
        }

        if (step.Flag("timed") || step["answeredAfterMs"] is not null)
        {
            result["answeredAfterMs"] = (long)pending.After(begun).TotalMilliseconds;
        }

        foreach (var other in _underWay.Values.Where(other => other.Connection == connection && other.Answer != pending && other.Answer.HasArrived))
        {
            if (other.Answer.Order < pending.Order)
            {
                other.CameBefore ??= name;
            }
        }
    }

    /// <summary>The request that recordings leave out: one record with a large value.</summary>
    private static JsonObject LargeProduce(JsonObject step)
    {
        var size = ValueSize().Match(step.Text("bodyLeftOut")!);
        if (step.Text("api") != "Produce" || !size.Success)
        {
            throw new NotSupportedException($"the body is left out: {step.Text("bodyLeftOut")}");
        }

        using var builder = new RecordBatchBuilder();
        builder.Append(Timestamp.None, [], true, new byte[int.Parse(size.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture)], false, []);
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

    [GeneratedRegex(@"value is ([\d,]+) zero bytes")]
    private static partial Regex ValueSize();

    /// <summary>A request whose answer is awaited later.</summary>
    private sealed class AsyncStep(string connection, PendingAnswer answer)
    {
        public string Connection => connection;

        public PendingAnswer Answer => answer;

        /// <summary>The later step of the same connection that was still waiting when the answer came.</summary>
        public string? CameBefore { get; set; }
    }
}
