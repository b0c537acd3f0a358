using System.Text;
using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Loire.WebApi.Records.Produce;

/// <summary><c>POST /v1/topics/{topic}/records</c>: one path, and the Content-Type says what the body is.</summary>
internal sealed class ProduceEndpoint(
    BatchDelivery delivery, DirectAppends appends, ClusterLevel level, IOptions<LoireApiOptions> options, RequestMemory memory, ApiMetrics metrics,
    TimeProvider time)
{
    private readonly WholeProduce _whole = new(delivery.Topics, appends, options.Value, metrics, time);

    private static readonly QueryParameter<long> PartitionNumber = QueryParameter.Number(
        "partition", 0, int.MaxValue, -1, "The partition for all records; otherwise each record's own, or its key's, or any.");

    private static readonly QueryParameter<Acks> AcksWanted = QueryParameter.Choice(
        "acks",
        "When to answer: all (every in-sync copy is durable), 1 (the leader's is), 0 (at once, without offsets).",
        ("all", Acks.All),
        ("-1", Acks.All),
        ("1", Acks.Leader),
        ("0", Acks.None));

    private static readonly QueryParameter<string?> Key =
        QueryParameter.Text("key", 4096, "The key of all records of a text/plain or raw body.");

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/topics/{topic}/records", ProduceAsync)
            .Describe(
                "produceRecords",
                "Appends records",
                "2xx means that every record was accepted. A problem document says how many were, and how far: all records before the number "
                    + "'acknowledged' are appended. With Accept: application/x-ndjson (the default for an NDJSON body) acknowledgements stream back while "
                    + "the upload goes on; the last line has the type done or error. Streaming bodies have no bound on their length. In JSON a "
                    + "key, a value or a header that is a string is stored as its characters, {\"type\":\"binary\",\"data\":base64} as those bytes, "
                    + "null as null, any other JSON as its text; a timestamp is milliseconds since 1970 or ISO 8601. With the header Idempotency-Key, a "
                    + "producer's sequence, or an expected end of the log (expected_offset, or If-Match with the offset in quotes) the body is held and appended as a whole: "
                    + "repeated with the same key and body, or the same sequence, it gets the first answer; the key with another body gets 422, a log "
                    + "that ends elsewhere 412 with its end in end_offset and ETag.",
                PartitionNumber,
                AcksWanted,
                Key,
                ProduceTerms.ProducerId,
                ProduceTerms.ProducerEpoch,
                ProduceTerms.BaseSequence,
                ProduceTerms.Expected)
            .TakesAny<ProduceRecordsJson>(MediaTypes.Json, MediaTypes.Ndjson, MediaTypes.Text, MediaTypes.Raw, MediaTypes.Batches)
            .AnswersAny<ProduceResultJson>(MediaTypes.Json, MediaTypes.Ndjson)
            .Fails(400, 404, 406, 408, 409, 412, 413, 415, 422, 503, 504);

    private async Task ProduceAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var asked = query.Get(PartitionNumber);
        var acks = query.Get(AcksWanted);
        var key = query.Get(Key) is { } text ? Encoding.UTF8.GetBytes(text) : null;
        var problem = RouteReader.TryReadTopic(context, out var name);
        problem = query.Problem ?? problem;
        var terms = ProduceTerms.Read(context, query, asked >= 0, acks, ref problem);
        var type = BodyType(context.Request, ref problem);
        if (key is not null && type is not (MediaTypes.Text or MediaTypes.Raw))
        {
            problem ??= ApiProblem.BadRequest("The query parameter key goes with text/plain and raw bodies only.");
        }

        var accepted = terms is not null ? MediaTypes.Negotiate(context.Request, MediaTypes.Json)
            : type is MediaTypes.Ndjson
            ? MediaTypes.Negotiate(context.Request, MediaTypes.Ndjson, MediaTypes.Json)
            : type is MediaTypes.Text or MediaTypes.Batches
                ? MediaTypes.Negotiate(context.Request, MediaTypes.Json, MediaTypes.Ndjson)
                : MediaTypes.Negotiate(context.Request, MediaTypes.Json);
        problem ??= accepted is null
            ? new ApiProblem(ErrorCode.InvalidRequest, "The answer is JSON, or NDJSON for a streaming body.", StatusCodes.Status406NotAcceptable)
            : null;
        problem ??= terms is not null && type == MediaTypes.Batches
            ? ApiProblem.BadRequest("Record batches carry their producer and sequence themselves, and are not appended as a whole.")
            : terms is { NeedsCluster: true } ? await level.CheckConditionalAppendsAsync()
            : null;
        if (problem is null && terms is not null)
        {
            await _whole.RunAsync(context, new WholeProduceRequest(type, name, asked < 0 ? null : (int)asked, key, terms));
            return;
        }

        var (topic, missing) = problem is null ? await FindTopicAsync(context, asked) : (null, problem);
        if (topic is null)
        {
            await missing!.WriteAsync(context);
            return;
        }

        int? partition = asked < 0 ? null : (int)asked;
        if (type == MediaTypes.Batches && partition is null)
        {
            await ApiProblem.BadRequest("Record batches need the query parameter partition.").WriteAsync(context);
            return;
        }

        await RunAsync(context, type, topic, partition, acks, key, accepted == MediaTypes.Ndjson);
    }

    private async Task RunAsync(HttpContext context, string type, TopicRoutes topic, int? partition, Acks acks, byte[]? key, bool streams)
    {
        using var span = ApiTraces.StartSend(topic.Name.Value, partition);
        long sent = 0;
        var answer = new ProduceAnswer(context, streams);
        ProduceSession session = null!;
        session = new ProduceSession(delivery, topic, acks, options.Value, memory.OfBody(context))
        {
            OnAccepted = batch =>
            {
                metrics.Produced(batch.RecordsCount);
                span.SetMessageCount(sent += batch.RecordsCount);
                answer.Acknowledge(batch, session);
            },
        };
        var status = acks == Acks.None ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
        switch (type)
        {
            case MediaTypes.Json:
                await DocumentProduce.JsonAsync(context, partition, session, answer, options.Value, time, status);
                return;
            case MediaTypes.Raw:
                await DocumentProduce.RawAsync(context, partition, key, session, answer, time, status);
                return;
        }

        RequestBody.Prepare(context, maxBytes: null);
        using var stream = RequestStream.Of(context);
        if (type == MediaTypes.Batches)
        {
            using var batches = new BatchProduce(stream, partition!.Value, session, answer, options.Value.MaxPendingBytesPerRequest);
            await batches.RunAsync(status);
            return;
        }

        await (type switch
        {
            MediaTypes.Ndjson => new StreamingProduce(stream, new NdjsonProduce(partition), session, answer, time).RunAsync(status),
            _ => new StreamingProduce(stream, new TextProduce(partition, key), session, answer, time).RunAsync(status),
        });
    }

    private async ValueTask<(TopicRoutes? Topic, ApiProblem? Problem)> FindTopicAsync(HttpContext context, long partition)
    {
        RouteReader.TryReadTopic(context, out var name);
        var lookup = await PartitionTarget.FindAsync(delivery.Topics, name, (int)partition, context.RequestAborted);
        return lookup.Topic is not { } topic ? (null, PartitionTarget.Problem(name, lookup))
            : partition >= topic.PartitionsCount ? (null, PartitionTarget.Unknown(topic, partition))
            : (topic, null);
    }

    /// <summary>What the body is; any type that is not known here is the type of one record.</summary>
    private static string BodyType(HttpRequest request, ref ApiProblem? problem)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var header))
        {
            return MediaTypes.Raw;
        }

        // A form is what curl says of every body by itself: stored as one record, a document of records would seem to be accepted.
        if (MediaTypes.IsForm(request))
        {
            problem ??= MediaTypes.Unsupported(
                request, $"Content-Type: {MediaTypes.Json} for records, {MediaTypes.Text} for lines, {MediaTypes.Raw} for one record");
            return MediaTypes.Raw;
        }

        var type = MediaTypes.IsJson(header) ? MediaTypes.Json
            : MediaTypes.IsNdjson(header) ? MediaTypes.Ndjson
            : header.MediaType.ToString().ToLowerInvariant() switch
            {
                MediaTypes.Text => MediaTypes.Text,
                MediaTypes.Batches => MediaTypes.Batches,
                _ => MediaTypes.Raw,
            };

        // Lines of text are stored as they are, in any charset in which only LF has the byte of LF.
        var isUnread = type is MediaTypes.Json or MediaTypes.Ndjson
            ? !MediaTypes.IsUtf8(header)
            : type == MediaTypes.Text && !MediaTypes.IsUtf8(header)
                && header.Charset.ToString().Trim('"').StartsWith("utf-", StringComparison.OrdinalIgnoreCase);
        problem ??= isUnread ? MediaTypes.NotUtf8(header) : null;
        return type;
    }
}
