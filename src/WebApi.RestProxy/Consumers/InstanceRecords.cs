using System.Text.Json;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Operations;
using Loire.WebApi.RestProxy.Read;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>
/// <c>GET .../records</c>: the next records. Whoever asks for more is done with what it got, as with Kafka's <c>poll</c>, so an answer that
/// is lost on its way is only read again by an instance that does not commit by itself, when another one goes on behind what is committed.
/// </summary>
internal sealed class InstanceRecords(IGrainFactory grains, IOptions<LoireApiOptions> options, IHostApplicationLifetime lifetime)
{
    private const int FlushBytes = 64 * 1024;

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(ConsumerInstance.Path + "/records", ConsumerInstance.Handle(grains, ReadAsync))
            .Describe(
                "v2: takes the next records",
                "Accept must name the format with which the instance was made. An empty array if none came in time.",
                V2ReadBounds.Timeout,
                V2ReadBounds.MaxBytes)
            .AnswersRecordsV2().FailsV2(400, 404, 406, 409);

    private async Task<V2Error?> ReadAsync(HttpContext context, ConsumerInstance instance)
    {
        var (consumer, error) = await instance.DescribeAsync();
        if (consumer is null)
        {
            return error;
        }

        var dialect = InstanceDialect.Of(consumer.Settings);
        if (V2MediaTypes.NegotiateRecords(context.Request, dialect.Format) is not { } type)
        {
            return V2Error.FormatMismatch;
        }

        var bounds = V2ReadBounds.Read(context, dialect.Wait, options.Value.MaxFetchBytes, ref error);
        if (error is not null)
        {
            return error;
        }

        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        TakeResult delivery;
        try
        {
            delivery = await instance.Grain.Take(
                new TakeRequest(PreviousDelivery.Finished, null, V2ReadBounds.RecordsMax, bounds.Bytes, bounds.Wait), leaving.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested && leaving.IsCancellationRequested)
        {
            return V2Error.Stopping;
        }

        // A newer request took this one's place and has the records, so there are none for this one.
        if (delivery.Error is not (ErrorCode.None or ErrorCode.RequestTimedOut))
        {
            return V2Error.FromConsumer(delivery.Error, delivery.Detail);
        }

        var records = delivery.Error == ErrorCode.None ? delivery.Records : [];
        var fit = Array.FindIndex(records, record => !Fits(record, dialect.Format));
        if (fit >= 0)
        {
            await instance.Grain.Seek(GoBack(records.AsSpan(fit)));
            if (fit == 0)
            {
                return V2RecordWriter.Unfit(records[0].Partition, records[0].Offset);
            }
        }

        await WriteAsync(context, fit < 0 ? records : records[..fit], dialect.Format, type);
        return null;
    }

    private static bool Fits(ConsumedRecord record, EmbeddedFormat format) =>
        V2RecordWriter.Fits(format, record.Key, record.Key is null) && V2RecordWriter.Fits(format, record.Value, record.Value is null);

    // What is not handed out must come again; a partition that the instance has lost meanwhile comes to its new owner.
    private static PartitionSeek[] GoBack(ReadOnlySpan<ConsumedRecord> records)
    {
        var firsts = new Dictionary<TopicPartition, long>();
        foreach (var record in records)
        {
            firsts.TryAdd(record.Partition, record.Offset.Value);
        }

        return [.. firsts.Select(first => new PartitionSeek(first.Key, OffsetSpec.At(first.Value)))];
    }

    private static async Task WriteAsync(HttpContext context, ConsumedRecord[] records, EmbeddedFormat format, string type)
    {
        V2ReadBounds.Head(context, type);
        var to = context.Response.BodyWriter;
        await using var json = new Utf8JsonWriter(to, V2Json.WriterOptions);
        json.WriteStartArray();
        long unflushed = 0;
        foreach (var record in records)
        {
            Write(json, record, format);
            unflushed += (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
            if (unflushed >= FlushBytes)
            {
                unflushed = 0;
                json.Flush();
                await to.FlushAsync(context.RequestAborted);
            }
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, ConsumedRecord record, EmbeddedFormat format)
    {
        var (key, value) = (record.Key, record.Value);
        V2RecordWriter.Begin(json, format, record.Partition, record.Offset, record.Timestamp, key, key is null, value, value is null);
        if (record.Headers.Length > 0)
        {
            json.WriteStartArray("headers"u8);
            foreach (var header in record.Headers)
            {
                V2RecordWriter.WriteHeader(json, header.Key, header.Value, header.Value is null);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
