using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.WebApi.Operations;
using Loire.WebApi.Records.Produce;
using Loire.WebApi.Requests;
using Loire.WebApi.RestProxy.Requests;
using Loire.WebApi.RestProxy.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.RestProxy.Produce;

/// <summary>
/// <c>POST /topics/{topic}</c> and <c>POST /topics/{topic}/partitions/{partition}</c>: the native produce in other words.
/// </summary>
internal sealed class V2ProduceEndpoint(
    BatchDelivery delivery, IOptions<LoireApiOptions> options, RequestMemory memory, ApiMetrics metrics, TimeProvider time)
{
    private const string Meaning =
        "Keys and values are in the format that the Content-Type names: base64, any JSON, or text. "
        + "Nothing is appended unless all of it can be read. The answer is 200 with an entry for each record, "
        + "which has an offset or an error_code (50003: the same record may succeed later).";

    private static readonly QueryParameter<bool> Async =
        QueryParameter.Flag("async", "Answer 204 without offsets if every record was appended; Strimzi's.");

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (path, id, summary) in new[]
        {
            ("/topics/{topic}", "v2ProduceToTopic", "v2: appends records to a topic"),
            ("/topics/{topic}/partitions/{partition}", "v2ProduceToPartition", "v2: appends records to a partition"),
        })
        {
            routes.MapPost(path, V2Requests.Handle(ProduceAsync))
                .Describe(id, summary, Meaning, Async).TakesRecordsV2().AnswersV2<V2ProducedJson>().AnswersNothing()
                .FailsV2(400, 404, 413, 415, 422);
        }
    }

    private async Task<V2Error?> ProduceAsync(HttpContext context)
    {
        V2Error? error = null;
        var isAsync = V2Requests.Get(context, Async, ref error);
        var hasPartition = context.GetRouteValue("partition") is not null;
        error ??= V2MediaTypes.NeedsSchema(context.Request.ContentType) ? V2Error.NoSchemas : null;
        if (error is not null || V2MediaTypes.FormatOf(context.Request.ContentType) is not { } format)
        {
            return error ?? V2Error.NoFormat;
        }

        if (MediaTypes.RefuseUnlessJson(context.Request) is { } unread)
        {
            return V2Error.From(unread);
        }

        (var topic, var partition, error) = hasPartition ? await V2Topic.FindPartitionAsync(context, delivery.Topics) : await FindAsync(context);
        if (topic is null)
        {
            return error;
        }

        var body = await RequestBody.ReadAllAsync(context, options.Value.MaxJsonProduceBytes);
        error = V2ProduceDocument.TryRead(
            JsonBody.Text(body),
            format,
            hasPartition ? partition : null,
            options.Value.MaxJsonProduceRecords,
            out var records);
        context.Request.BodyReader.AdvanceTo(body.End);
        if (error is not null)
        {
            return error;
        }

        var answer = await AppendAsync(context, topic, hasPartition ? partition : null, records);
        var failed = Array.Find(answer.Offsets, entry => entry.ErrorCode is 40101 or 40301);
        return isAsync && Array.TrueForAll(answer.Offsets, entry => entry.ErrorCode is null)
            ? V2Requests.NoContent(context)
            : await V2Requests.AnswerAsync(
                context, answer, failed?.ErrorCode / 100 ?? StatusCodes.Status200OK);
    }

    private async ValueTask<(TopicRoutes? Topic, int Partition, V2Error? Error)> FindAsync(HttpContext context)
    {
        var (topic, error) = await V2Topic.FindRoutesAsync(context, delivery.Topics);
        return (topic, 0, error);
    }

    private async Task<V2ProducedJson> AppendAsync(HttpContext context, TopicRoutes topic, int? partition, List<V2Record> records)
    {
        using var span = ApiTraces.StartSend(topic.Name.Value, partition);
        span.SetMessageCount(records.Count);
        var session = new ProduceSession(delivery, topic, Acks.All, options.Value, memory.OfBody(context))
        {
            OnAccepted = batch => metrics.Produced(batch.RecordsCount),
        };
        var now = Timestamp.From(time.GetUtcNow());
        var entries = new V2ProducedRecordJson?[records.Count];
        var places = new RecordPlace[records.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            if (records[i].Partition >= session.PartitionsCount && session.MustCheckTopic())
            {
                await session.CheckTopicAsync();
            }

            if (records[i].Partition >= session.PartitionsCount)
            {
                entries[i] = Failed(ErrorCode.UnknownTopicOrPartition, $"The topic has {session.PartitionsCount} partitions.");
                continue;
            }

            Added added;
            while ((added = Add(session, records[i], partition, now, out places[i])) == Added.NoRoom && session.Failure is null)
            {
                await session.MakeRoomAsync();
            }

            entries[i] = added switch
            {
                Added.TooLarge => Failed(ErrorCode.MessageTooLarge, $"The topic's max.message.bytes is {session.MaxBatchBytes}."),
                Added.NoRoom => Failed(session.Failure!.Error, session.Failure.Detail),
                _ => null,
            };
        }

        await session.DrainAsync();
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] ??= places[i].Batch.Failure is null
                ? new V2ProducedRecordJson(places[i].Batch.Accumulator.Partition, places[i].Offset.Value, null, null)
                : Failed(session.Failure!.Error, session.Failure.Detail);
        }

        return new V2ProducedJson(entries!);
    }

    private static Added Add(ProduceSession session, V2Record record, int? partition, Timestamp now, out RecordPlace place)
    {
        var time = record.Timestamp == Timestamp.None ? now : record.Timestamp;
        return session.TryAdd(
            record.Partition ?? partition,
            new ProducerRecord(time, record.Key, record.Key is null, record.Value, record.Value is null, record.Headers),
            out place);
    }

    private static V2ProducedRecordJson Failed(ErrorCode error, string? detail) =>
        new(null, null, V2Error.RecordCode(error), detail ?? ErrorCodes.Describe(error).Text);
}
