using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Tests.Apis;
using Loire.Kafka.Replay.Tests.Recordings;

namespace Loire.Kafka.Replay.Tests.Players;

/// <summary>Plays to the grains of a node, without a wire: what an endpoint must do besides reading and writing bytes.</summary>
internal sealed class GrainPlayer : IPlayer
{
    private readonly TopicApis _topics;
    private readonly ProduceApis _produce;
    private readonly FetchApis _fetch;
    private readonly TransactionApis _transactions;
    private readonly OffsetApis _offsets;
    private readonly GroupApis _groups;

    public GrainPlayer(IGrainFactory grains, TimeProvider time)
    {
        var directory = new TopicDirectory(grains);
        _topics = new TopicApis(grains);
        _produce = new ProduceApis(directory);
        _fetch = new FetchApis(directory);
        _transactions = new TransactionApis(grains, directory, time);
        _offsets = new OffsetApis(grains, directory);
        _groups = new GroupApis(grains, directory);
    }

    public async Task<JsonNode?> AskAsync(string connection, string api, int version, JsonObject body, JsonObject? step = null) => api switch
    {
        "CreateTopics" => await _topics.CreateAsync(body),
        "FindCoordinator" => await _topics.FindCoordinatorAsync(body),
        "Produce" => await _produce.ProduceAsync(version, body),
        "DescribeProducers" => await _produce.DescribeAsync(body),
        "Fetch" => await _fetch.FetchAsync(body),
        "ListOffsets" => await _fetch.ListOffsetsAsync(body),
        "InitProducerId" => await _transactions.InitAsync(version, body),
        "AddPartitionsToTxn" => await _transactions.AddPartitionsAsync(version, body),
        "AddOffsetsToTxn" => await _transactions.AddOffsetsAsync(version, body),
        "EndTxn" => await _transactions.EndAsync(version, body),
        "DescribeTransactions" => await _transactions.DescribeAsync(body),
        "ListTransactions" => await _transactions.ListAsync(body),
        "TxnOffsetCommit" => await _offsets.CommitInTransactionAsync(version, body),
        "OffsetCommit" => await _offsets.CommitAsync(version, body),
        "OffsetFetch" => await _offsets.FetchAsync(version, body),
        "JoinGroup" => await _groups.JoinAsync(version, step?.Text("clientId") ?? ScenarioPlayer.Client, body),
        "SyncGroup" => await _groups.SyncAsync(version, body),
        "Heartbeat" => await _groups.HeartbeatAsync(body),
        "LeaveGroup" => await _groups.LeaveAsync(version, body),
        "DescribeGroups" => await _groups.DescribeAsync(version, body),
        "ListGroups" => await _groups.ListAsync(body),
        "DeleteGroups" => await _groups.DeleteAsync(body),
        "OffsetDelete" => await _groups.DeleteOffsetsAsync(body),
        _ => null,
    };
}
