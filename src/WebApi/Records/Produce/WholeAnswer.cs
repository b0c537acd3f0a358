using System.Globalization;
using System.Text.Json;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Records.Produce;

/// <summary>The outcome of each partition of a request that is appended as a whole, as <see cref="ProduceAnswer"/> would tell it.</summary>
internal sealed class WholeAnswer(GatheredRecords records)
{
    private readonly SortedDictionary<int, DirectAppend> _outcomes = [];

    public void Add(int partition, DirectAppend outcome) => _outcomes[partition] = outcome;

    /// <summary>Whether a partition has its records.</summary>
    public bool IsAccepted(int partition) => _outcomes.TryGetValue(partition, out var outcome) && outcome.Answer.Error == ErrorCode.None;

    /// <summary>The first failure, by partitions; null without any.</summary>
    public DirectAppend? Failure => _outcomes.Values.Where(outcome => outcome.Answer.Error != ErrorCode.None).Select(outcome => (DirectAppend?)outcome).FirstOrDefault();

    /// <summary>The number of records that were accepted.</summary>
    public int Accepted => records.Partitions.Where(pair => IsAccepted(pair.Key)).Sum(pair => pair.Value.RecordsCount);

    /// <summary>The offset of a record.</summary>
    public Offset OffsetOf(int partition, int index)
    {
        var (answer, count) = (_outcomes[partition].Answer, records.Partitions[partition].RecordsCount);
        return answer.LastOffset - answer.BaseOffset == count - 1 || index < answer.Repeated ? answer.BaseOffset + index : answer.LastOffset + (index + 1 - count);
    }

    /// <summary>Answers that everything was appended.</summary>
    public async Task WriteAsync(HttpContext context, bool hasRecords)
    {
        context.Response.ContentType = MediaTypes.Json;
        using (var json = new Utf8JsonWriter(context.Response.BodyWriter, ApiProblem.WriterOptions))
        {
            json.WriteStartObject();
            if (hasRecords)
            {
                WriteRecords(json);
            }

            WriteAccepted(json);
            json.WriteEndObject();
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>Writes where each record is; all were accepted.</summary>
    public void WriteRecords(Utf8JsonWriter json)
    {
        json.WriteStartArray("records"u8);
        foreach (var (partition, index) in records.Places)
        {
            json.WriteStartObject();
            json.WriteNumber("partition"u8, partition);
            json.WriteNumber("offset"u8, OffsetOf(partition, index).Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Writes what was accepted.</summary>
    public void WriteAccepted(Utf8JsonWriter json)
    {
        json.WriteNumber("records_accepted"u8, Accepted);
        json.WriteNumber("acknowledged"u8, records.Places.TakeWhile(place => IsAccepted(place.Partition)).Count());
        json.WriteStartArray("partitions"u8);
        foreach (var (partition, gathered) in records.Partitions)
        {
            if (IsAccepted(partition))
            {
                json.WriteStartObject();
                json.WriteNumber("partition"u8, partition);
                json.WriteNumber("records_accepted"u8, gathered.RecordsCount);
                json.WriteNumber("first_offset"u8, OffsetOf(partition, 0).Value);
                json.WriteNumber("last_offset"u8, OffsetOf(partition, gathered.RecordsCount - 1).Value);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    /// <summary>The tag of a log that ends at an offset.</summary>
    public static string TagOf(Offset end) => string.Create(CultureInfo.InvariantCulture, $"\"{end.Value}\"");
}
