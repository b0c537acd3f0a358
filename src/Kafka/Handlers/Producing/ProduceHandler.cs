using System.Runtime.InteropServices;
using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>
/// Produce 0 to 13: one batch for each of some partitions, handed to them as it came. Versions 0 to 2 are listed because clients look for them, and refused with an
/// answer instead of a closed connection. Without acknowledgement there is no answer; the connection is closed if something was not stored, so that the client asks where
/// the partitions are. A partition that is named more than once gets its last batch, and one answer. A partition that does not answer in the time that the request
/// allows is answered as timed out, and may still store its batch. The node repeats an append only if the partition has done nothing; all else is left to the client.
/// </summary>
/// <remarks>Not there: the leader and its epoch beside <see cref="ErrorCode.NotLeaderOrFollower"/>, because every node takes the batches of every partition.</remarks>
internal sealed class ProduceHandler : KafkaHandler<ProduceRequest>, IDisposable
{
    // Clients allow less than the time that a batch takes to be durable only by mistake.
    private static readonly TimeSpan LeastTimeout = TimeSpan.FromSeconds(1);

    private readonly TopicCache _topics;
    private readonly TimeProvider _time;
    private readonly TopicNames _names;
    private readonly ILogger _logger;
    private readonly BatchDelivery _delivery;

    public ProduceHandler(TopicCache topics, TopicNames names, TimeProvider time, ILogger<ProduceHandler> logger)
        : base(ApiKey.Produce, 0, 13)
    {
        (_topics, _time, _names, _logger) = (topics, time, names, logger);
        _delivery = new BatchDelivery(topics, Policy, time, Random.Shared, logger);
    }

    /// <summary>An append is made again for some seconds while its partition moves. What waits for longer than clients do is not sent any more.</summary>
    private static ProducePolicy Policy => new()
    {
        BatchBytes = 1024 * 1024,
        DeliveryTimeout = TimeSpan.FromMinutes(1),
        Retries = 20,
        RetriesOnlyMoves = true,
        RetryBackoff = TimeSpan.FromMilliseconds(10),
        RetryBackoffMax = TimeSpan.FromMilliseconds(320),
    };

    public void Dispose() => _delivery.Dispose();

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ProduceRequest request)
    {
        // Everything up to the first wait happens in the order of the requests.
        var call = Begin(context, request);
        if (!call.Ended.IsCompleted)
        {
            var timeout = TimeSpan.FromMilliseconds(request.TimeoutMs);
            await call.Ended.WaitAsync(timeout > LeastTimeout ? timeout : LeastTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            call.IsAnswered = true;
            context.Memory.User = call.Ended;
        }

        return request.Acks != (short)Acks.None ? Answer(call, context.Version)
            : call.IsAccepted ? null
            : throw new CloseConnectionException("a batch without acknowledgement was refused");
    }

    protected override IKafkaMessage Refuse(HandlerContext context, ProduceRequest request, ErrorCode error)
    {
        if (request.Acks == (short)Acks.None)
        {
            throw new CloseConnectionException("a request without acknowledgement failed");
        }

        var call = Read(request);
        RefuseAll(call, error, null);
        return Answer(call, context.Version);
    }

    private ProduceCall Begin(HandlerContext context, ProduceRequest request)
    {
        var (call, version) = (Read(request), context.Version);
        if (version < ProduceVersions.FirstWithBatches)
        {
            RefuseAll(call, ErrorCode.UnsupportedForMessageFormat, null);
        }
        else if (request.Acks is not ((short)Acks.All or (short)Acks.None or (short)Acks.Leader))
        {
            RefuseAll(call, ErrorCode.InvalidRequiredAcks, null);
        }
        else if (!Check(call, version))
        {
            Send(context, call, request, default(TransactionalId?));
        }
        else if (request.TransactionalId is null)
        {
            RefuseAll(call, ErrorCode.TransactionalIdAuthorizationFailed, "A transactional batch needs a transactional id.");
        }
        else if (!TransactionalId.TryParse(request.TransactionalId, out var transaction, out string? problem))
        {
            RefuseAll(call, ErrorCode.InvalidRequest, problem);
        }
        else
        {
            Send(context, call, request, transaction);
        }

        call.End();
        return call;
    }

    /// <summary>The partitions of a request, each once.</summary>
    private static ProduceCall Read(ProduceRequest request)
    {
        var call = new ProduceCall();
        Dictionary<(string, Guid), (ProducedTopic Topic, Dictionary<int, ProducedPartition> Partitions)> topics = [];
        foreach (var data in request.TopicData)
        {
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(topics, (data.Name, data.TopicId), out var isKnown);
            if (!isKnown)
            {
                known = (new ProducedTopic(data.Name, data.TopicId, new(data.PartitionData.Length)), new(data.PartitionData.Length));
                call.Topics.Add(known.Topic);
            }

            foreach (var entry in data.PartitionData)
            {
                ref var partition = ref CollectionsMarshal.GetValueRefOrAddDefault(known.Partitions, entry.Index, out var isNamed);
                if (!isNamed)
                {
                    call.Begin();
                    known.Topic.Partitions.Add(partition = new ProducedPartition(call, entry.Index));
                }

                partition!.Records = entry.Records;
            }
        }

        return call;
    }

    /// <summary>Checks the batches.</summary>
    /// <returns>Whether one of them belongs to a transaction. Only then does it count whether the request names one.</returns>
    private static bool Check(ProduceCall call, short version)
    {
        using var decompressor = new BatchDecompressor();
        var isTransactional = false;
        foreach (var partition in call.Topics.SelectMany(static topic => topic.Partitions))
        {
            partition.Check = BatchCheck.Of(partition.Records, version, decompressor);
            isTransactional |= partition.Check.IsTransactional;
        }

        return isTransactional;
    }

    /// <summary>Sends the batches to their partitions; those that their check has refused end.</summary>
    private void Send(HandlerContext context, ProduceCall call, ProduceRequest request, TransactionalId? transaction)
    {
        var appends = context.Connection.Keep(() => new ConnectionAppends(key => new TopicAppends(key, _delivery, _topics, _names, _logger)));

        // Without an answer it is waited for nevertheless: only so is it known whether something was refused.
        var acks = request.Acks == (short)Acks.None ? Acks.Leader : (Acks)request.Acks;
        foreach (var topic in call.Topics)
        {
            foreach (var refused in topic.Partitions.Where(static partition => partition.Check.Error != ErrorCode.None))
            {
                refused.Refuse(refused.Check.Error, refused.Check.Problem);
            }

            var valid = topic.Partitions.FindAll(static partition => partition.Check.Error == ErrorCode.None);
            if (valid.Count > 0)
            {
                appends.Of(new TopicAppendsKey(topic.Name, topic.Id, acks, transaction, ProduceErrors.DialectOf(context.Version))).Send(valid);
            }
        }
    }

    private static void RefuseAll(ProduceCall call, ErrorCode error, string? text) =>
        call.Topics.ForEach(topic => topic.Partitions.ForEach(partition => partition.Refuse(error, text)));

    private static ProduceResponse Answer(ProduceCall call, short version) => new()
    {
        Responses = [.. call.Topics.Select(topic => new ProduceResponse.Topic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            PartitionResponses = [.. topic.Partitions.Select(partition => Answer(partition, version))],
        })],
    };

    private static ProduceResponse.Partition Answer(ProducedPartition partition, short version)
    {
        // A batch that ends from here on is too late for its answer.
        var outcome = partition.Outcome ?? ProducedPartition.TimedOut;
        return new ProduceResponse.Partition
        {
            Index = partition.Index,
            ErrorCode = ProduceErrors.Told(outcome.Error, version),
            BaseOffset = outcome.BaseOffset.Value,
            LogAppendTimeMs = outcome.LogAppendTime.Milliseconds,
            LogStartOffset = outcome.LogStart.Value,
            ErrorMessage = outcome.Text,
            RecordErrors = outcome.Demands is { } demands && version >= ProduceVersions.FirstWithRecordErrors
                ? RecordErrors.Find(partition.Check.Bytes.Span, demands)
                : [],
        };
    }
}
