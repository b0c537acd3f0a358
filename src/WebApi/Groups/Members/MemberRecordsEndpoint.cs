using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Records;
using Loire.WebApi.Records.Fetch;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Groups.Members;

/// <summary>
/// <c>GET /v1/groups/{group}/members/{member}/records</c>: one answer, or a stream without an end; Accept says in which form.
/// </summary>
internal sealed class MemberRecordsEndpoint(
    IGrainFactory grains, ApiMetrics metrics, IOptions<LoireApiOptions> options, IHostApplicationLifetime lifetime)
{
    private const int FlushBytes = 64 * 1024;

    private static readonly ApiProblem Stopping = new(ErrorCode.LeaderNotAvailable, "The node is stopping.");

    private readonly QueryParameter<long> _maxBytes = TakeParameters.MaxBytesUpTo(options.Value.MaxFetchBytes);

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/groups/{group}/members/{member}/records", ReadAsync)
        .Describe(
            "readMemberRecords",
            "Reads records as a member of a group",
            "A request acknowledges everything delivered before, unless after names the receipt (header Next-After) of the last delivery that was "
            + "processed: then later deliveries are repeated, and a lost answer loses nothing. text/event-stream and follow=true continue until "
            + "the client disconnects; the id of an event, and a line {\"after\": receipt} after the records in NDJSON, are receipts. A member has "
            + "one reader: a second one ends the first one's stream with an error.",
            TakeParameters.MaxRecords,
            _maxBytes,
            TakeParameters.MaxWaitMs,
            TakeParameters.After,
            TakeParameters.Follow,
            TakeParameters.Finish,
            FetchParameters.KeyFormat,
            FetchParameters.ValueFormat)
        .AnswersAny<ConsumerRecordJson[]>(MediaTypes.Json, MediaTypes.Ndjson, MediaTypes.EventStream)
        .Fails(400, 404, 406, 409, 416, 503, 504);

    private async Task ReadAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var wanted = TakeParameters.Read(query, context.Request, _maxBytes);
        var type = MediaTypes.Negotiate(context.Request, MediaTypes.Json, MediaTypes.Ndjson, MediaTypes.EventStream);
        var isStream = wanted.Follows || type == MediaTypes.EventStream;
        var problem = MemberRoute.TryReadPath(context, out var key) ?? query.Problem ?? (type is null
            ? new ApiProblem(ErrorCode.InvalidRequest, "Records come as JSON, NDJSON or events.", StatusCodes.Status406NotAcceptable)
            : wanted.Follows && type == MediaTypes.Json ? ApiProblem.BadRequest("The query parameter follow goes with NDJSON.")
            : isStream && query.Has(TakeParameters.MaxWaitMs)
                ? ApiProblem.BadRequest("The query parameter max_wait_ms does not go with a stream.")
            : !isStream && query.Has(TakeParameters.Finish) ? ApiProblem.BadRequest("The query parameter finish goes with streams.")
            : null);
        if (problem is not null)
        {
            await problem.WriteAsync(context);
            return;
        }

        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var consumer = grains.GetGrain<IConsumerGrain>(key.ToString());
        if (!isStream)
        {
            await OnceAsync(context, consumer, wanted, lines: type == MediaTypes.Ndjson, leaving.Token);
            return;
        }

        var body = context.Response.BodyWriter;
        var (output, wait) = type == MediaTypes.EventStream
            ? ((TailOutput)new EventOutput(body, wanted.Keys, wanted.Values), options.Value.HeartbeatInterval)
            : (new LineOutput(body, wanted.Keys, wanted.Values, "after"), Limits.FetchWait);
        await StreamAsync(context, consumer, wanted, output, wait, leaving.Token);
    }

    private static async Task OnceAsync(
        HttpContext context, IConsumerGrain consumer, TakeParameters wanted, bool lines, CancellationToken leaving)
    {
        var (delivery, problem) = await TakeAsync(consumer, wanted.First(wanted.Wait), leaving);
        context.RequestAborted.ThrowIfCancellationRequested();
        if (problem is not null)
        {
            await problem.WriteAsync(context);
            return;
        }

        var response = context.Response;
        response.ContentType = lines ? MediaTypes.Ndjson : MediaTypes.Json;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Next-After"] = delivery!.Receipt;
        var format = new JsonFormat(response.BodyWriter, wanted.Keys, wanted.Values, lines);
        format.Begin();
        var unflushed = 0;
        foreach (var slice in delivery.Slices)
        {
            RecordPosition? at = default(RecordPosition);
            while (at is { } position)
            {
                at = Write(format, slice, position, ref unflushed);
                if (unflushed >= FlushBytes)
                {
                    unflushed = 0;
                    format.Settle();
                    await response.BodyWriter.FlushAsync(context.RequestAborted);
                }
            }
        }

        format.End();
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>
    /// Streams one delivery after the other until the client leaves, the node stops, or the consumer has an error, which is then the last
    /// event. The answer to the first request, which does not wait, decides whether there is a stream at all.
    /// </summary>
    private async Task StreamAsync(
        HttpContext context, IConsumerGrain consumer, TakeParameters wanted, TailOutput output, TimeSpan wait, CancellationToken leaving)
    {
        var (delivery, problem) = await TakeAsync(consumer, wanted.First(TimeSpan.Zero), leaving);
        context.RequestAborted.ThrowIfCancellationRequested();
        if (delivery is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        await output.BeginAsync(context.Response, context.RequestAborted);
        metrics.TailOpened();
        try
        {
            while (delivery is not null)
            {
                Write(output, delivery);
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
                (delivery, problem) = await TakeAsync(consumer, wanted.Next(wait), leaving);
            }

            if (problem != Stopping)
            {
                output.Error(problem!, null);
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            }
        }
        finally
        {
            metrics.TailClosed();
        }
    }

    private static void Write(TailOutput output, TakeResult delivery)
    {
        if (delivery.Slices.Length == 0)
        {
            output.Heartbeat(delivery.Receipt);
            return;
        }

        output.Records(
            format =>
            {
                foreach (var (partition, records) in delivery.Slices)
                {
                    foreach (var record in records)
                    {
                        format.Write(partition, record);
                    }
                }
            },
            delivery.Receipt);
    }

    /// <summary>Writes records until it is time to flush.</summary>
    /// <returns>Where to continue; null at the end of the slice.</returns>
    private static RecordPosition? Write(JsonFormat format, ConsumedSlice slice, RecordPosition at, ref int unflushed)
    {
        var reader = new RecordReader(slice.Records, at);
        while (unflushed < FlushBytes)
        {
            if (!reader.MoveNext())
            {
                return null;
            }

            format.Write(slice.Partition, reader.Current);
            unflushed += reader.Current.Size;
        }

        return reader.Position;
    }

    private static async ValueTask<(TakeResult? Delivery, ApiProblem? Problem)> TakeAsync(
        IConsumerGrain consumer, TakeRequest request, CancellationToken leaving)
    {
        try
        {
            var delivery = await consumer.Take(request, leaving);
            return leaving.IsCancellationRequested && delivery.Slices.Length == 0 ? (null, Stopping)
                : MemberRoute.Problem(delivery.Error, delivery.Detail) is { } problem ? (null, problem)
                : (delivery, null);
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            return (null, Stopping);
        }
        catch (Exception exception) when (ApiProblem.FromGrainCall(exception) is { } problem)
        {
            return (null, problem);
        }
    }
}
