using System.Text.Json;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Records.Fetch;
using Loire.WebApi.Requests;
using Loire.WebApi.RestProxy.Requests;
using Loire.WebApi.RestProxy.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.RestProxy.Read;

/// <summary>
/// <c>GET /topics/{topic}/partitions/{partition}/records</c>: reads without a group, as Redpanda's proxy does. Confluent's has dropped it.
/// </summary>
internal sealed class V2PartitionRecords(
    TopicCache topics, IOptions<LoireApiOptions> options, ApiMetrics metrics, IHostApplicationLifetime lifetime)
{
    private static readonly QueryParameter<long> OffsetFrom =
        QueryParameter.Number("offset", 0, long.MaxValue, -1, "The first offset. Required.");

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/topics/{topic}/partitions/{partition}/records", V2Requests.Handle(ReadAsync))
            .Describe(
                "v2ReadPartition",
                "v2: reads records of a partition without a group",
                "Accept names the embedded format.",
                OffsetFrom,
                V2ReadBounds.Timeout,
                V2ReadBounds.MaxBytes)
            .AnswersRecordsV2().FailsV2(400, 404, 406);

    private async Task<V2Error?> ReadAsync(HttpContext context)
    {
        V2Error? error = null;
        var from = new Offset(V2Requests.Get(context, OffsetFrom, ref error));
        var bounds = V2ReadBounds.Read(context, Limits.FetchWait, options.Value.MaxFetchBytes, ref error);
        if (error is null && !(context.Request.Query.ContainsKey("offset") && bounds is { HasTimeout: true, HasMaxBytes: true }))
        {
            error = V2Error.Malformed("The query parameters offset, timeout and max_bytes are required.");
        }

        var (format, type) = FindFormat(context.Request);
        error ??= type is null ? V2Error.FormatMismatch with { Message = "Records come in the formats binary, json and text." } : null;
        (var topic, var partition, error) = error is null ? await V2Topic.FindPartitionAsync(context, topics) : (null, 0, error);
        if (topic is null)
        {
            return error;
        }

        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var source = new PartitionSource(topics, topic, partition, IsolationLevel.ReadCommitted, context);
        FetchResult? result;
        ApiProblem? problem;
        try
        {
            (result, problem) = await source.FetchAsync(from, bounds.Bytes, 1, bounds.Wait, leaving.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested && leaving.IsCancellationRequested)
        {
            return V2Error.Stopping;
        }

        if (result is null)
        {
            return V2Error.From(problem!);
        }

        metrics.Fetched(result);
        var (page, unreadable) = RecordPage.Read(result, from, V2ReadBounds.RecordsMax, new Offset(long.MaxValue));
        using (page)
        {
            return page is null
                ? V2Error.From(unreadable!)
                : await WriteAsync(context, new TopicPartition(topic.Name, partition), format, type!, page);
        }
    }

    private static async Task<V2Error?> WriteAsync(
        HttpContext context, TopicPartition partition, EmbeddedFormat format, string type, RecordPage page)
    {
        var fit = new Prefix(format);
        page.Write(fit, partition.Partition);
        if (fit is { Count: 0, UnfitAt: { } offset })
        {
            return V2RecordWriter.Unfit(partition, offset);
        }

        V2ReadBounds.Head(context, type);
        using var json = new Utf8JsonWriter(context.Response.BodyWriter, V2Json.WriterOptions);
        var rows = new Rows(json, partition, format, fit.Count);
        await page.WriteAsync(rows, partition.Partition, context.Response.BodyWriter, context.RequestAborted);
        json.WriteEndArray();
        await json.FlushAsync(context.RequestAborted);
        return null;
    }

    private static (EmbeddedFormat Format, string? Type) FindFormat(HttpRequest request)
    {
        foreach (var format in Enum.GetValues<EmbeddedFormat>())
        {
            if (V2MediaTypes.NegotiateRecords(request, format) is { } type)
            {
                return (format, type);
            }
        }

        return (EmbeddedFormat.Binary, null);
    }

    /// <summary>Counts the records before the first one that cannot stand in the answer.</summary>
    private sealed class Prefix(EmbeddedFormat format) : RecordFormat
    {
        public long Count { get; private set; }

        public Offset? UnfitAt { get; private set; }

        public override void Write(int partition, in Record record)
        {
            if (UnfitAt is null && V2RecordWriter.Fits(format, record))
            {
                Count++;
            }
            else
            {
                UnfitAt ??= record.Offset;
            }
        }
    }

    private sealed class Rows : RecordFormat
    {
        private readonly Utf8JsonWriter _json;
        private readonly TopicPartition _partition;
        private readonly EmbeddedFormat _format;
        private long _left;

        public Rows(Utf8JsonWriter json, TopicPartition partition, EmbeddedFormat format, long count)
        {
            (_json, _partition, _format, _left) = (json, partition, format, count);
            json.WriteStartArray();
        }

        public override void Write(int partition, in Record record)
        {
            if (_left-- > 0)
            {
                V2RecordWriter.Write(_json, _format, _partition, record);
            }
        }

        public override void Settle() => _json.Flush();
    }
}
