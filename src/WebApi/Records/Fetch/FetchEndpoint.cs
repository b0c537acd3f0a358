using System.Buffers;
using System.Globalization;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Records.Fetch;

/// <summary><c>GET /v1/topics/{topic}/partitions/{partition}/records</c>: read by offset or time, wait, follow; Accept says in which
/// form.</summary>
internal sealed class FetchEndpoint
{
    private readonly TopicCache _topics;
    private readonly LiveTails _tails;
    private readonly ApiMetrics _metrics;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly QueryParameter<long> _maxBytes;
    private readonly QueryParameter<long> _minBytes;

    public FetchEndpoint(
        TopicCache topics, LiveTails tails, ApiMetrics metrics, IOptions<LoireApiOptions> options, IHostApplicationLifetime lifetime)
    {
        _topics = topics;
        _tails = tails;
        _metrics = metrics;
        _lifetime = lifetime;
        _maxBytes = FetchParameters.MaxBytesUpTo(options.Value.MaxFetchBytes);
        _minBytes = FetchParameters.MinBytesUpTo(options.Value.MaxFetchBytes);
    }

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/topics/{topic}/partitions/{partition}/records", FetchAsync)
            .Describe(
                "readRecords",
                "Reads records of a partition",
                "The headers Next-Offset and High-Watermark say where to continue and where the log ends now. application/octet-stream is the "
                    + "value of one record as it is (204 if it has none, or there is no record yet). text/event-stream and follow=true continue until "
                    + "the client disconnects.",
                FetchParameters.OffsetFrom,
                FetchParameters.TimestampFrom,
                _maxBytes,
                _minBytes,
                FetchParameters.MaxWaitMs,
                FetchParameters.MaxRecords,
                FetchParameters.Until,
                FetchParameters.Follow,
                FetchParameters.Isolation,
                FetchParameters.KeyFormat,
                FetchParameters.ValueFormat,
                FetchParameters.Resume)
            .AnswersAny<ConsumerRecordJson[]>(
                MediaTypes.Json, MediaTypes.Ndjson, MediaTypes.Text, MediaTypes.Raw, MediaTypes.Batches, MediaTypes.EventStream)
            .Fails(400, 404, 406, 416, 503);

    private async Task FetchAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var wanted = FetchParameters.Read(query, _maxBytes, _minBytes);
        var type = MediaTypes.Negotiate(
            context.Request, MediaTypes.Json, MediaTypes.Ndjson, MediaTypes.Text, MediaTypes.Raw, MediaTypes.Batches,
            MediaTypes.EventStream);
        var problem = query.Problem ?? (type is null
            ? new ApiProblem(
                ErrorCode.InvalidRequest, "None of the accepted types is offered; the OpenAPI document lists them.",
                StatusCodes.Status406NotAcceptable)
            : wanted.Follows && type is not (MediaTypes.Ndjson or MediaTypes.Text or MediaTypes.EventStream)
                ? ApiProblem.BadRequest("The query parameter follow goes with NDJSON and text/plain.")
            : wanted.UntilPosition is not null
                && type is not (MediaTypes.Json or MediaTypes.Ndjson or MediaTypes.Text or MediaTypes.Batches)
                ? ApiProblem.BadRequest("The query parameter until does not go with this type of answer.")
            : null);
        var (target, missing) = problem is null ? await PartitionTarget.FindAsync(context, _topics) : (null, problem);
        if (target is null)
        {
            await missing!.WriteAsync(context);
            return;
        }

        // Text of unknown origin must not be taken for a page.
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = wanted.Follows ? TailOutput.CacheControl : "no-store";
        if (type == MediaTypes.EventStream)
        {
            await _tails.EventsAsync(context, target.Topic, [target.Partition], wanted);
            return;
        }

        var source = new PartitionSource(_topics, target.Topic, target.Partition, wanted.IsolationLevel, context);
        var (from, failed) = await source.StartAsync(
            wanted.Offset ?? (wanted.Follows ? OffsetSpec.Latest : OffsetSpec.Earliest), wanted.Timestamp, context.RequestAborted);
        await (failed is not null ? failed.WriteAsync(context)
            : wanted.Follows || wanted.UntilPosition is not null ? StreamAsync(context, source, from, wanted, type!)
            : OnceAsync(context, source, from, wanted, type!));
    }

    /// <summary>Answers one fetch.</summary>
    private async Task OnceAsync(HttpContext context, PartitionSource source, Offset from, FetchParameters wanted, string type)
    {
        var (result, problem) = await FetchAsync(context, source, from, wanted, wanted.MaxWait);
        if (result is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        if (type == MediaTypes.Batches)
        {
            Head(context, type, result.NextOffset, result.Bounds.HighWatermark);
            await WriteAsync(context, result, new Offset(long.MaxValue));
            return;
        }

        // The first batch may begin before the log does.
        from = from == FetchRequest.Earliest ? result.Bounds.LogStart : from;
        var (page, unreadable) = RecordPage.Read(result, from, type == MediaTypes.Raw ? 1 : wanted.RecordsMax, new Offset(long.MaxValue));
        using (page)
        {
            if (page is null)
            {
                await unreadable!.WriteAsync(context);
                return;
            }

            Head(context, type, page.Next, result.Bounds.HighWatermark);
            if (type == MediaTypes.Raw)
            {
                var raw = new RawFormat(context.Response);
                page.Write(raw, source.Partition);
                await raw.FinishAsync(context.RequestAborted);
                return;
            }

            var format = Format(context, type, wanted);
            format.Begin();
            await page.WriteAsync(format, source.Partition, context.Response.BodyWriter, context.RequestAborted);
            format.End();
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }

    /// <summary>
    /// Writes pages up to an offset that is fixed at the start, or until the client disconnects. A failure after the first page aborts the
    /// connection: a client cannot mistake a chunked body without its end for a complete one.
    /// </summary>
    private async Task StreamAsync(HttpContext context, PartitionSource source, Offset from, FetchParameters wanted, string type)
    {
        var bounds = await source.OffsetsAsync(context.RequestAborted);
        var limit = bounds.End(wanted.IsolationLevel);
        var end = wanted.UntilPosition switch
        {
            null => new Offset(long.MaxValue),
            { Kind: OffsetSpecKind.Offset, Number: var offset } => new Offset(offset),
            { Kind: OffsetSpecKind.Earliest } => bounds.LogStart,
            _ => limit,
        };
        if (bounds.Error != ErrorCode.None || (!wanted.Follows && end > limit))
        {
            var refused = bounds.Error != ErrorCode.None
                ? new ApiProblem(bounds.Error)
                : ApiProblem.BadRequest($"The query parameter until lies beyond the {(limit < bounds.HighWatermark ? "last stable offset" : "high watermark")}, {limit}.");
            await refused.WriteAsync(context);
            return;
        }

        var format = type == MediaTypes.Batches ? null : Format(context, type, wanted);
        var wait = wanted.Follows ? Limits.FetchWait : TimeSpan.Zero;
        var isFirst = true;
        var next = from == FetchRequest.Earliest ? bounds.LogStart : from == FetchRequest.Latest ? limit : from;
        while (isFirst || (next < end && !Leaves(context)))
        {
            var (result, problem) = next < end || isFirst
                ? await FetchAsync(context, source, next, wanted, isFirst ? TimeSpan.Zero : wait)
                : default;
            if (Leaves(context) && problem is null && result is null)
            {
                return;
            }

            var (page, unreadable) = result is null || format is null ? (null, null) : RecordPage.Read(result, next, long.MaxValue, end);
            problem ??= unreadable;
            if (result is not null && !wanted.Follows && next < end && (page?.Next ?? result.NextOffset) == next)
            {
                problem ??= new ApiProblem(ErrorCode.UnknownServerError, "Records below the high watermark cannot be read.");
            }

            using (page)
            {
                if (problem is not null)
                {
                    await FailAsync(context, problem, isFirst);
                    return;
                }

                if (isFirst)
                {
                    isFirst = false;
                    Head(context, type, wanted.Follows ? null : end > next ? end : next, result!.Bounds.HighWatermark);
                    if (wanted.Follows)
                    {
                        await TailOutput.SendHeadersAsync(context.Response, context.RequestAborted);
                    }

                    format?.Begin();
                }

                if (page is not null)
                {
                    await page.WriteAsync(format!, source.Partition, context.Response.BodyWriter, context.RequestAborted);
                    next = page.Next;
                    format!.Settle();
                }
                else
                {
                    await WriteAsync(context, result!, end);
                    next = result!.NextOffset;
                }

                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            }
        }

        format?.End();
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private bool Leaves(HttpContext context) =>
        context.RequestAborted.IsCancellationRequested || _lifetime.ApplicationStopping.IsCancellationRequested;

    private static async Task FailAsync(HttpContext context, ApiProblem problem, bool isFirst)
    {
        if (isFirst)
        {
            await problem.WriteAsync(context);
        }
        else
        {
            context.Abort();
        }
    }

    private async ValueTask<(FetchResult? Result, ApiProblem? Problem)> FetchAsync(
        HttpContext context, PartitionSource source, Offset from, FetchParameters wanted, TimeSpan wait)
    {
        using var span = ApiTraces.StartPoll((string)context.GetRouteValue("topic")!, source.Partition);
        if (wait == TimeSpan.Zero)
        {
            var at = await source.FetchAsync(from, wanted.MaxBytes, 0, wait, CancellationToken.None);
            _metrics.Fetched(at.Result);
            return at;
        }

        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _lifetime.ApplicationStopping);
        try
        {
            var result = await source.FetchAsync(from, wanted.MaxBytes, wanted.MinBytes, wait, leaving.Token);
            _metrics.Fetched(result.Result);
            return result;
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            context.RequestAborted.ThrowIfCancellationRequested();
            return (null, new ApiProblem(ErrorCode.LeaderNotAvailable, "The node is stopping."));
        }
    }

    private static RecordFormat Format(HttpContext context, string type, FetchParameters wanted) =>
        type == MediaTypes.Text
            ? new TextFormat(context.Response.BodyWriter)
            : new JsonFormat(context.Response.BodyWriter, wanted.Keys, wanted.Values, lines: type == MediaTypes.Ndjson);

    private static void Head(HttpContext context, string type, Offset? next, Offset highWatermark)
    {
        var response = context.Response;
        response.ContentType = type == MediaTypes.Text ? "text/plain; charset=utf-8" : type;
        response.Headers["High-Watermark"] = highWatermark.Value.ToString(CultureInfo.InvariantCulture);
        if (next is { } offset)
        {
            response.Headers["Next-Offset"] = offset.Value.ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Writes the batches that begin before <paramref name="end"/>. Batches are not split, so the last one may exceed it.</summary>
    private static async ValueTask WriteAsync(HttpContext context, FetchResult result, Offset end)
    {
        var body = context.Response.BodyWriter;
        if (result.NextOffset <= end)
        {
            foreach (var piece in result.Batches)
            {
                await body.WriteAsync(piece, context.RequestAborted);
            }

            return;
        }

        var pieces = new BatchPieces(result.Batches);
        var isBefore = true;
        while (isBefore && pieces.TryTake(out var batch, out var pooled))
        {
            RecordBatch.TryRead(batch.Span, out var view);
            isBefore = view.BaseOffset < end;
            if (isBefore)
            {
                body.Write(batch.Span);
            }

            if (pooled is not null)
            {
                ArrayPool<byte>.Shared.Return(pooled);
            }
        }
    }
}
