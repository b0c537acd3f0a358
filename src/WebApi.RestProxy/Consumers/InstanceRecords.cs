using System.Text.Json;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Batches;
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
/// <c>GET .../records</c>: the next records. Asking for more finishes what came before, as with Kafka's <c>poll</c>, so an answer that
/// is lost on its way is read again only if the instance does not commit automatically, when another one continues behind what is
/// committed.
/// </summary>
internal sealed class InstanceRecords(IGrainFactory grains, IOptions<LoireApiOptions> options, IHostApplicationLifetime lifetime)
{
    private const int FlushBytes = 64 * 1024;

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(ConsumerInstance.Path + "/records", ConsumerInstance.Handle(grains, ReadAsync))
            .Describe(
                "v2ReadRecords",
                "v2: reads the next records",
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

        // A newer request has replaced this one and gets the records.
        if (delivery.Error is not (ErrorCode.None or ErrorCode.RequestTimedOut))
        {
            return V2Error.FromConsumer(delivery.Error, delivery.Detail);
        }

        var records = delivery.Error == ErrorCode.None ? Decode(delivery.Slices) : [];
        var fit = Array.FindIndex(records, record => !V2RecordWriter.Fits(dialect.Format, record.View));
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

    private static Decoded[] Decode(ConsumedSlice[] slices)
    {
        var decoded = new Decoded[slices.Sum(slice => slice.Records.Count)];
        var count = 0;
        foreach (var slice in slices)
        {
            foreach (var record in slice.Records)
            {
                decoded[count++] = new Decoded(slice, new RecordFrame(record, slice.Records.Records.Span));
            }
        }

        return decoded;
    }

    // What is not delivered must come again; a partition that the instance has lost meanwhile comes to its new owner.
    private static PartitionSeek[] GoBack(ReadOnlySpan<Decoded> records)
    {
        var firsts = new Dictionary<TopicPartition, long>();
        foreach (var record in records)
        {
            firsts.TryAdd(record.Partition, record.Offset.Value);
        }

        return [.. firsts.Select(first => new PartitionSeek(first.Key, OffsetSpec.At(first.Value)))];
    }

    private static async Task WriteAsync(HttpContext context, Decoded[] records, EmbeddedFormat format, string type)
    {
        V2ReadBounds.Head(context, type);
        var to = context.Response.BodyWriter;
        await using var json = new Utf8JsonWriter(to, V2Json.WriterOptions);
        json.WriteStartArray();
        long unflushed = 0;
        foreach (var record in records)
        {
            V2RecordWriter.Write(json, format, record.Partition, record.View);
            unflushed += record.View.Size;
            if (unflushed >= FlushBytes)
            {
                unflushed = 0;
                json.Flush();
                await to.FlushAsync(context.RequestAborted);
            }
        }

        json.WriteEndArray();
    }

    // Decoded once, looked at twice: first whether all of them can stand in the answer.
    private readonly record struct Decoded(ConsumedSlice Slice, RecordFrame Frame)
    {
        public TopicPartition Partition => Slice.Partition;

        public Offset Offset => Frame.Offset;

        public Record View => Frame.View(Slice.Records.Records.Span);
    }
}
