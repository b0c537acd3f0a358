using Loire.Edge.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Records.Fetch;

/// <summary><c>GET /v1/topics/{topic}/records</c>: the live tail of all partitions, and of one for the path that names it.</summary>
internal sealed class LiveTails(
    TopicCache topics, ApiMetrics metrics, IOptions<LoireApiOptions> options, TimeProvider time, IHostApplicationLifetime lifetime)
{
    private readonly QueryParameter<long> _maxBytes = FetchParameters.MaxBytesUpTo(options.Value.MaxFetchBytes);
    private readonly QueryParameter<long> _minBytes = FetchParameters.MinBytesUpTo(options.Value.MaxFetchBytes);

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/topics/{topic}/records", TailAsync)
            .Describe(
                "followTopic",
                "Follows all partitions of a topic",
                "Begins at latest by default, and continues until the client disconnects. With text/event-stream the id of an event is the "
                    + "token with which Last-Event-ID, or resume, continues without a gap. Partitions that are added later join when the tail is "
                    + "resumed.",
                FetchParameters.OffsetFrom,
                FetchParameters.TimestampFrom,
                _maxBytes,
                FetchParameters.Isolation,
                FetchParameters.KeyFormat,
                FetchParameters.ValueFormat,
                FetchParameters.Resume)
            .AnswersAny<ConsumerRecordJson[]>(MediaTypes.Ndjson, MediaTypes.EventStream)
            .Fails(400, 404, 406, 503);

    /// <summary>Follows <paramref name="partitions"/> as server-sent events.</summary>
    public Task EventsAsync(HttpContext context, TopicRoutes topic, IReadOnlyList<int> partitions, FetchParameters wanted) =>
        RunAsync(context, topic, partitions, wanted, new EventOutput(context.Response.BodyWriter, wanted.Keys, wanted.Values));

    private async Task TailAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var wanted = FetchParameters.Read(query, _maxBytes, _minBytes);
        if (wanted.Offset is { Kind: OffsetSpecKind.Offset })
        {
            query.Refuse("An offset belongs to one partition; all of them begin at earliest, latest or a timestamp.");
        }

        var type = MediaTypes.Negotiate(context.Request, MediaTypes.Ndjson, MediaTypes.EventStream);
        var problem = query.Problem ?? RouteReader.TryReadTopic(context, out _)
            ?? (type is not null ? null : new ApiProblem(
                ErrorCode.InvalidRequest, "All partitions come as NDJSON or as events.", StatusCodes.Status406NotAcceptable));
        TopicRoutes? topic = null;
        if (problem is null)
        {
            // Not from the cache: a tail follows the partitions that exist when it begins.
            RouteReader.TryReadTopic(context, out var name);
            var lookup = await topics.FindAsync(name, TopicCache.Fresh, Timeout.InfiniteTimeSpan, context.RequestAborted);
            topic = lookup.Topic;
            problem = topic is null ? PartitionTarget.Problem(name, lookup) : null;
        }

        if (problem is null && topic!.PartitionsCount > options.Value.MaxTailPartitions)
        {
            problem = ApiProblem.BadRequest(
                $"One tail follows at most {options.Value.MaxTailPartitions} partitions, and the topic has {topic.PartitionsCount}; "
                    + "follow partitions one by one.");
        }

        if (problem is not null)
        {
            await problem.WriteAsync(context);
            return;
        }

        var body = context.Response.BodyWriter;
        TailOutput output = type == MediaTypes.EventStream
            ? new EventOutput(body, wanted.Keys, wanted.Values)
            : new LineOutput(body, wanted.Keys, wanted.Values);
        await RunAsync(context, topic!, [.. Enumerable.Range(0, topic!.PartitionsCount)], wanted, output);
    }

    private async Task RunAsync(
        HttpContext context, TopicRoutes topic, IReadOnlyList<int> partitions, FetchParameters wanted, TailOutput output)
    {
        using var tail = new LiveTail(context.Response.BodyWriter, output, wanted, options.Value.HeartbeatInterval, time);
        var sources = partitions.Select(partition => new PartitionSource(topics, topic, partition, wanted.IsolationLevel, context)).ToArray();
        if (await BeginAsync(context, topic, tail, sources, wanted) is { } problem)
        {
            await problem.WriteAsync(context);
            return;
        }

        await output.BeginAsync(context.Response, context.RequestAborted);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        metrics.TailOpened();
        try
        {
            await tail.RunAsync(sources, leaving.Token);
        }
        finally
        {
            metrics.TailClosed();
        }
    }

    /// <summary>Finds where each partition begins. One that the resume token does not know was added since, so it begins with its first
    /// record.</summary>
    private static async Task<ApiProblem?> BeginAsync(
        HttpContext context, TopicRoutes topic, LiveTail tail, PartitionSource[] sources, FetchParameters wanted)
    {
        Dictionary<int, Offset>? resumed = null;
        var token = context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } id ? id : wanted.ResumeToken;
        if (token is not null && !ResumeToken.TryParse(token, topic.PartitionsCount, out resumed))
        {
            return ApiProblem.BadRequest("The resume token is not one of this topic; it looks like 0:15,1:7.");
        }

        foreach (var source in sources)
        {
            if (resumed is not null && resumed.TryGetValue(source.Partition, out var offset))
            {
                tail.Begin(source.Partition, offset);
                continue;
            }

            var position = resumed is not null ? OffsetSpec.Earliest : wanted.Offset ?? OffsetSpec.Latest;
            var (from, problem) = await source.StartOffsetAsync(
                position, resumed is not null ? Timestamp.None : wanted.Timestamp, context.RequestAborted);
            if (problem is not null)
            {
                return problem;
            }

            tail.Begin(source.Partition, from);
        }

        return null;
    }
}
