using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Kafka.Replay.Tests.Recordings;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Kafka.Replay.Tests.Apis;

/// <summary>The requests of producers to the coordinator of their transactions, and what administrators ask of it.</summary>
internal sealed class TransactionApis(IGrainFactory grains, TopicDirectory topics, TimeProvider time)
{
    private const int FirstInitThatKnowsFencing = 4;
    private const int FirstThatKnowsFencing = 2;
    private const int FirstEndOfSecondDialect = 5;

    public async Task<JsonNode> InitAsync(int version, JsonObject body)
    {
        var (id, current) = (body.Text("transactionalId"), new ProducerIdentity(body.Long("producerId"), (short)body.Int("producerEpoch")));
        if (id == "" || (current.Id == -1) != (current.Epoch == -1))
        {
            return Producer(ErrorCode.InvalidRequest, ProducerIdentity.None);
        }

        if (id is null)
        {
            var next = await grains.GetGrain<IProducerIdGrain>(IProducerIdGrain.Key).Next();
            return Producer(next.Error, next.Producer);
        }

        if (!TransactionalId.TryParse(id, out _, out string? _))
        {
            return Producer(ErrorCode.InvalidRequest, ProducerIdentity.None);
        }

        var timeout = TimeSpan.FromMilliseconds(body.Long("transactionTimeoutMs"));
        var result = await Coordinator(id).Init(new InitProducerRequest(timeout, current));
        return Producer(Told(result.Error, version, FirstInitThatKnowsFencing), result.Producer);
    }

    public async Task<JsonNode> AddPartitionsAsync(int version, JsonObject body)
    {
        List<(string? Topic, int Partition, PartitionKey? Key)> wanted = [];
        foreach (var entry in body.Items("v3AndBelowTopics"))
        {
            var topic = await topics.FindAsync(entry);
            wanted.AddRange(entry.Items("partitions").Select(index => index.GetValue<int>())
                .Select(index => (entry.Text("name"), index, TopicDirectory.KeyOf(topic, index))));
        }

        var (error, unknown) = (ErrorCode.OperationNotAttempted, wanted.Any(partition => partition.Key is null));
        if (!unknown)
        {
            var producer = new ProducerIdentity(body.Long("v3AndBelowProducerId"), (short)body.Int("v3AndBelowProducerEpoch"));
            error = await EnlistAsync(version, body.Text("v3AndBelowTransactionalId"), producer, [.. wanted.Select(partition => partition.Key!.Value)], []);
        }

        return new JsonObject
        {
            ["throttleTimeMs"] = 0,
            ["resultsByTopicV3AndBelow"] = wanted.GroupBy(partition => partition.Topic).Select(topic => new JsonObject
            {
                ["name"] = topic.Key,
                ["resultsByPartition"] = topic.Select(partition => new JsonObject
                {
                    ["partitionIndex"] = partition.Partition,
                    ["partitionErrorCode"] = (int)(partition.Key is null ? ErrorCode.UnknownTopicOrPartition : error),
                }).ToJson(),
            }).ToJson(),
        };
    }

    public async Task<JsonNode> AddOffsetsAsync(int version, JsonObject body)
    {
        var error = GroupId.TryParse(body.Text("groupId"), out var group, out string? _)
            ? await EnlistAsync(version, body.Text("transactionalId"), ProducerOf(body), [], [group])
            : ErrorCode.InvalidGroupId;
        return new JsonObject { ["throttleTimeMs"] = 0, ["errorCode"] = (int)error };
    }

    public async Task<JsonNode> EndAsync(int version, JsonObject body)
    {
        var dialect = version < FirstEndOfSecondDialect ? TransactionVersion.V1 : TransactionVersion.V2;
        var result = await Coordinator(body.Text("transactionalId")).End(new EndTransactionRequest(ProducerOf(body), body.Flag("committed"), dialect));
        return Producer(Told(result.Error, version, FirstThatKnowsFencing), result.Producer);
    }

    public async Task<JsonNode> DescribeAsync(JsonObject body) => new JsonObject
    {
        ["throttleTimeMs"] = 0,
        ["transactionStates"] = await body.Items("transactionalIds").EachAsync(async id =>
        {
            var (error, transaction) = TransactionalId.TryParse(id.GetValue<string>(), out var legal, out string? _)
                ? await Coordinator(legal.Value).Describe()
                : new TransactionResult(ErrorCode.InvalidRequest, null);
            return new JsonObject
            {
                ["errorCode"] = (int)error,
                ["transactionalId"] = id.GetValue<string>(),
                ["transactionState"] = transaction?.Status.ToString() ?? "",
                ["transactionTimeoutMs"] = (long)(transaction?.Timeout.TotalMilliseconds ?? 0),
                ["transactionStartTimeMs"] = transaction?.StartedAt.Milliseconds ?? 0,
                ["producerId"] = transaction?.Producer.Id ?? 0,
                ["producerEpoch"] = transaction?.Producer.Epoch ?? 0,
                ["topics"] = (transaction?.Partitions ?? []).GroupBy(partition => partition.Topic).Select(topic => new JsonObject
                {
                    ["topic"] = topic.Key.Value,
                    ["partitions"] = topic.Select(partition => JsonValue.Create(partition.Partition)).ToJson(),
                }).ToJson(),
            };
        }),
    };

    public async Task<JsonNode> ListAsync(JsonObject body)
    {
        HashSet<string> states = [.. body.Items("stateFilters").Select(state => state.GetValue<string>())];
        HashSet<long> producers = [.. body.Items("producerIdFilters").Select(id => id.GetValue<long>())];
        Regex? pattern = null;
        try
        {
            pattern = body.Text("transactionalIdPattern") is { Length: > 0 } text ? new Regex($"^(?:{text})$", RegexOptions.NonBacktracking) : null;
        }
        catch (ArgumentException)
        {
            return Listed(ErrorCode.InvalidRegularExpression, [], []);
        }

        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        List<JsonNode> listed = [];
        await foreach (var transaction in AllAsync())
        {
            var state = transaction.Status.ToString();
            if ((states.Count == 0 || states.Contains(state)) && (producers.Count == 0 || producers.Contains(transaction.Producer.Id))
                && now - transaction.StartedAt.Milliseconds >= body.Long("durationFilter")
                && pattern?.IsMatch(transaction.Id.Value) != false)
            {
                listed.Add(new JsonObject
                {
                    ["transactionalId"] = transaction.Id.Value,
                    ["producerId"] = transaction.Producer.Id,
                    ["transactionState"] = state,
                });
            }
        }

        return Listed(ErrorCode.None, states.Except(Enum.GetNames<TransactionStatus>()), listed);
    }

    private static JsonObject Listed(ErrorCode error, IEnumerable<string> unknown, IEnumerable<JsonNode> transactions) => new()
    {
        ["throttleTimeMs"] = 0,
        ["errorCode"] = (int)error,
        ["unknownStateFilters"] = unknown.Select(state => JsonValue.Create(state)).ToJson(),
        ["transactionStates"] = transactions.ToJson(),
    };

    private async IAsyncEnumerable<TransactionDescription> AllAsync()
    {
        for (var shard = 0; shard < ITransactionCatalogGrain.Shards; shard++)
        {
            var catalog = grains.GetGrain<ITransactionCatalogGrain>($"{shard}");
            var page = await catalog.List("", Limits.TransactionalIdsPerPage);
            Assert.False(page.HasMore);
            foreach (var id in page.Ids)
            {
                if ((await Coordinator(id.Value).Describe()).Transaction is { } transaction)
                {
                    yield return transaction;
                }
            }
        }
    }

    private async Task<ErrorCode> EnlistAsync(int version, string? id, ProducerIdentity producer, PartitionKey[] partitions, GroupId[] groups)
    {
        var result = await Coordinator(id).Enlist(new EnlistRequest(producer, EnlistMode.Add, partitions, groups));
        return Told(result.Error, version, FirstThatKnowsFencing);
    }

    private ITransactionGrain Coordinator(string? id) => grains.GetGrain<ITransactionGrain>(id!);

    private static ProducerIdentity ProducerOf(JsonObject body) => new(body.Long("producerId"), (short)body.Int("producerEpoch"));

    private static ErrorCode Told(ErrorCode error, int version, int firstThatKnowsFencing) =>
        error == ErrorCode.ProducerFenced && version < firstThatKnowsFencing ? ErrorCode.InvalidProducerEpoch : error;

    private static JsonObject Producer(ErrorCode error, ProducerIdentity producer) => new()
    {
        ["throttleTimeMs"] = 0,
        ["errorCode"] = (int)error,
        ["producerId"] = producer.Id,
        ["producerEpoch"] = producer.Epoch,
    };
}
