using System.Text.Json.Nodes;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.Replay.Recordings;
using Loire.Kafka.TestKit;

namespace Loire.Kafka.Replay.Tests.Captures;

/// <summary>
/// Plays what one client sent, in its order and on connections as it had them: a request is sent where it was recorded, and its answer waited for where that was. In
/// between, ids are exchanged for those that were answered here. What a client of a newer Kafka asked in a version that is not listed is asked in the newest that is, as it
/// would have asked here; what is not listed at all is left out.
/// </summary>
/// <param name="wire">The connections of this client.</param>
/// <param name="served">The versions that the node lists.</param>
internal sealed class CapturePlayer(WirePlayer wire, IReadOnlyDictionary<ApiKey, (short Min, short Max)> served)
{
    private const int LongestFetchWaitMs = 5;
    private const int FirstWithTransactions = 4;

    private readonly CapturedIds _ids = new();
    private readonly Settling _settling = new(wire);
    private readonly Dictionary<(int Connection, int Correlation), (PendingAnswer Answer, JsonObject Request)> _asked = [];
    private readonly HashSet<int> _closed = [];
    private readonly CaptureResult _result = new();

    /// <summary>Plays the lines of a capture.</summary>
    public async Task<CaptureResult> PlayAsync(IEnumerable<JsonObject> lines)
    {
        foreach (var line in lines)
        {
            switch (line.Text("what"))
            {
                case "request":
                    await AskAsync(line);
                    break;
                case "response":
                    await CompareAsync(line);
                    break;
                case "client closed":
                    _closed.Add(line.Int("connection"));
                    await wire.CloseAsync($"{line.Int("connection")}");
                    break;
            }
        }

        return _result;
    }

    private async Task AskAsync(JsonObject line)
    {
        var (header, recorded) = Read(Convert.FromHexString(line.Text("hex")!));
        if (!served.TryGetValue(header.Api.Key, out var listed) || header.Version < listed.Min)
        {
            _result.NotListed.Add($"{header.Api} {header.Version}");
            return;
        }

        var version = Math.Min(header.Version, listed.Max);
        if (version < header.Version)
        {
            _result.InOlderVersion.Add($"{header.Api} {header.Version}");
        }

        var body = _ids.Patch(header.Api.Key == ApiKey.AddPartitionsToTxn && version < FirstWithTransactions ? OfOneTransaction(recorded) : recorded);
        if (header.Api.Key == ApiKey.Fetch)
        {
            // No code depends on it, and tests do not wait for nothing.
            body["maxWaitMs"] = Math.Min(body.Int("maxWaitMs"), LongestFetchWaitMs);
        }

        var step = new JsonObject { ["api"] = header.Api.Name, ["clientId"] = header.ClientId };
        await _settling.ExpectAsync(step, body);
        var answer = await wire.SendAsync($"{line.Int("connection")}", header.Api.Name, version, body, step);
        _result.Played++;
        _settling.Sent(step, body, answer);
        if (header.Api.Key is ApiKey.JoinGroup)
        {
            await _settling.WaitAsync(TimeSpan.Zero);
        }

        _asked[(line.Int("connection"), header.CorrelationId)] = (answer, recorded);
    }

    private async Task CompareAsync(JsonObject line)
    {
        if (!_asked.Remove((line.Int("connection"), line.Int("correlation")), out var asked))
        {
            return;
        }

        var answer = await asked.Answer.WaitAsync(WirePlayer.Patience);
        var name = $"{line.Text("api")} {asked.Answer.Request.Version} at {line.Int("ms")} ms";
        if (answer is not JsonObject)
        {
            // The recorded answer was still under way when the client went.
            if (_closed.Contains(line.Int("connection")))
            {
                return;
            }

            _result.Differences.Add($"{name}: {answer}");
            return;
        }

        foreach (var pair in new AnswerPairs(_ids.Translate).Of(line["body"], answer))
        {
            _ids.Learn(asked.Request, [pair]);
            var (recorded, got) = (pair.Recorded.Int("errorCode", 0), pair.Got.Int("errorCode", 0));
            _result.Codes += pair.Recorded.ContainsKey("errorCode") ? 1 : 0;
            if (recorded != got)
            {
                _result.Differences.Add($"{name}{pair.Path}: {got} instead of {recorded}");
            }
        }
    }

    /// <summary>What clients wrote into AddPartitionsToTxn before it had an array of transactions, in which they name one only.</summary>
    private static JsonObject OfOneTransaction(JsonObject request)
    {
        if (request.Items("transactions").SingleOrDefault() is not { } transaction)
        {
            return request;
        }

        return new JsonObject
        {
            ["v3AndBelowTransactionalId"] = transaction["transactionalId"]!.DeepClone(),
            ["v3AndBelowProducerId"] = transaction["producerId"]!.DeepClone(),
            ["v3AndBelowProducerEpoch"] = transaction["producerEpoch"]!.DeepClone(),
            ["v3AndBelowTopics"] = transaction["topics"]!.DeepClone(),
        };
    }

    private static (RequestHeader Header, JsonObject Body) Read(byte[] frame)
    {
        var reader = new KafkaReader(frame);
        var header = RequestHeader.Read(ref reader);
        var body = new JsonMessage($"{header.Api.Name}Request");
        body.Read(ref reader, header.Version);
        return (header, body.Body);
    }
}

/// <summary>What came of a capture.</summary>
internal sealed class CaptureResult
{
    /// <summary>Requests that were sent.</summary>
    public int Played { get; set; }

    /// <summary>Error codes that were compared, those of success as well.</summary>
    public int Codes { get; set; }

    /// <summary>Requests that were left out, by API and version.</summary>
    public List<string> NotListed { get; } = [];

    /// <summary>Requests that were sent in an older version.</summary>
    public List<string> InOlderVersion { get; } = [];

    public List<string> Differences { get; } = [];
}
