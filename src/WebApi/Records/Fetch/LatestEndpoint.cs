using System.Text;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Records.Fetch;

/// <summary><c>GET /v1/topics/{topic}/keys/{key}</c>: the last record of a key of a compacted topic.</summary>
internal sealed class LatestEndpoint(TopicCache topics, ApiMetrics metrics)
{
    private static readonly QueryParameter<long> Partition = QueryParameter.Number(
        "partition", 0, int.MaxValue, -1,
        "The partition that has the key; by default the one to which this API, Kafka's Java client and Loire's .NET client send it (murmur2).");

    private static readonly QueryParameter<bool> IsBase64 = QueryParameter.Choice(
        "key_encoding", "What the key in the path is: text, in UTF-8, or the bytes in base64url (RFC 4648).", ("text", false), ("base64url", true));

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/topics/{topic}/keys/{key}", GetAsync)
            .Describe(
                "getLatest",
                "Shows the last record of a key",
                "Of a topic that is compacted (cleanup.policy). Every record is seen that was acknowledged before, by any node. 404 if there is none, or it has no "
                    + "value. The first question to a partition waits while it learns where the last records of its keys lie. application/octet-stream is the "
                    + "value as it is.",
                Partition,
                IsBase64,
                FetchParameters.KeyFormat,
                FetchParameters.ValueFormat)
            .AnswersAny<ConsumerRecordJson>(MediaTypes.Json, MediaTypes.Raw)
            .Fails(400, 403, 404, 406, 429, 503);

    private async Task GetAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var partition = query.Get(Partition);
        var isBase64 = query.Get(IsBase64);
        var (keys, values) = (query.Get(FetchParameters.KeyFormat), query.Get(FetchParameters.ValueFormat));
        var type = MediaTypes.Negotiate(context.Request, MediaTypes.Json, MediaTypes.Raw);
        var problem = query.Problem ?? (type is not null ? null : new ApiProblem(
            ErrorCode.InvalidRequest, "A record comes as JSON, its value as application/octet-stream.", StatusCodes.Status406NotAcceptable));
        var (name, key) = (default(TopicName), Array.Empty<byte>());
        problem ??= RouteReader.TryReadTopic(context, out name) ?? TryReadKey(context, isBase64, out key);
        TopicRoutes? topic = null;
        if (problem is null)
        {
            (topic, problem) = await FindTopicAsync(name, partition, context.RequestAborted);
        }

        if (topic is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        var source = new PartitionSource(topics, topic, partition < 0 ? Murmur2.Partition(key, topic.PartitionsCount) : (int)partition, IsolationLevel.ReadCommitted, context);
        var (found, failed) = await source.LatestAsync(key, context.RequestAborted);
        if (found is null)
        {
            await failed!.WriteAsync(context);
            return;
        }

        metrics.Fetched(found);
        await WriteAsync(context, source.Partition, found, type!, new KeyAndValue(keys, values));
    }

    private async Task<(TopicRoutes? Topic, ApiProblem? Problem)> FindTopicAsync(TopicName name, long partition, CancellationToken aborted)
    {

        // Not from the cache: another number of partitions sends keys to other ones.
        var lookup = await topics.FindAsync(name, TopicCache.Fresh, Timeout.InfiniteTimeSpan, aborted);
        return lookup.Topic is not { } topic ? (null, PartitionTarget.Problem(name, lookup))
            : partition >= topic.PartitionsCount ? (null, PartitionTarget.Unknown(topic, partition))
            : (topic, null);
    }

    private static async Task WriteAsync(HttpContext context, int partition, FetchResult found, string type, KeyAndValue formats)
    {
        var at = found.NextOffset - 1;
        var (page, unreadable) = found.Batches.Length == 0 ? (null, null) : RecordPage.Read(found, at, 1, found.NextOffset);
        using (page)
        {
            if (unreadable is not null)
            {
                await unreadable.WriteAsync(context);
                return;
            }

            if (page is not { Count: 1 } || page.IsTombstone)
            {
                await new ApiProblem(
                    ErrorCode.ResourceNotFound,
                    page is { Count: 1 } ? $"The key has no value: its last record, at offset {at} of partition {partition}, deletes it."
                        : $"No record of partition {partition} has the key.").WriteAsync(context);
                return;
            }

            // Text of unknown origin must not be taken for a page.
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.CacheControl = "no-store";
            context.Response.ContentType = type;
            var raw = type == MediaTypes.Raw ? new RawFormat(context.Response) : null;
            page.Write(raw ?? (RecordFormat)new JsonFormat(context.Response.BodyWriter, formats.Keys, formats.Values, lines: true), partition);
            await (raw?.FinishAsync(context.RequestAborted) ?? context.Response.BodyWriter.FlushAsync(context.RequestAborted).AsTask());
        }
    }

    private static ApiProblem? TryReadKey(HttpContext context, bool isBase64, out byte[] key)
    {
        var text = RouteText.Decode(context, (string)context.GetRouteValue("key")!);
        key = isBase64 ? [] : Encoding.UTF8.GetBytes(text);
        if (!isBase64)
        {
            return null;
        }

        try
        {
            key = System.Buffers.Text.Base64Url.DecodeFromChars(text);
            return null;
        }
        catch (FormatException)
        {
            return ApiProblem.BadRequest("The key in the path is not base64url.");
        }
    }

    private readonly record struct KeyAndValue(FieldFormat Keys, FieldFormat Values);
}
