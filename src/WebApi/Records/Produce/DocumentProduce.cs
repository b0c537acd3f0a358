using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// The produces whose body is held as a whole: <c>{"records": [...]}</c>, of which nothing is appended unless all of it can be read, and a raw body,
/// which is one record.
/// </summary>
internal static class DocumentProduce
{
    private const string HeaderPrefix = "Record-Header-";

    public static async Task JsonAsync(
        HttpContext context, int? partition, ProduceSession session, ProduceAnswer answer, LoireApiOptions options, TimeProvider time, int status)
    {
        var body = await RequestBody.ReadAllAsync(context, options.MaxJsonProduceBytes);
        var source = JsonBody.Text(body);
        var now = Timestamp.From(time.GetUtcNow());
        var problem = Check(source.Span, partition, session, options.MaxJsonProduceRecords, now);
        if (problem is { Error: ErrorCode.UnknownTopicOrPartition or ErrorCode.MessageTooLarge } && session.MustCheckTopic())
        {
            await session.CheckTopicAsync();
            problem = Check(source.Span, partition, session, options.MaxJsonProduceRecords, now);
        }

        ApiProblem? late = null;
        var places = new List<RecordPlace>();
        if (problem is null)
        {
            var cursor = Cursor.Start(source.Span);
            while (session.Failure is null && AddSome(source.Span, ref cursor, partition, session, now, places, out late) == Added.NoRoom)
            {
                await session.MakeRoomAsync();
            }
        }

        context.Request.BodyReader.AdvanceTo(body.End);
        if (problem is not null)
        {
            await problem.WriteAsync(context);
            return;
        }

        await session.DrainAsync();
        await answer.FinishAsync(session, session.Failure ?? late, status, json => WriteRecords(json, session, places));
    }

    public static async Task RawAsync(
        HttpContext context, int? partition, byte[]? key, ProduceSession session, ProduceAnswer answer, TimeProvider time, int status)
    {
        if (ReadRecordHeaders(context.Request.Headers, ref key, out var timestamp, out var headers) is { } wrong)
        {
            await ApiProblem.BadRequest(wrong).WriteAsync(context);
            return;
        }

        // The cached max.message.bytes may be outdated, and a body of unknown length cannot be read again after it was refused.
        if (context.Request.ContentLength is not { } length || length > session.MaxBatchBytes || context.Request.Headers.ContentEncoding.Count > 0)
        {
            await session.CheckTopicAsync();
        }

        ReadOnlySequence<byte> body;
        try
        {
            body = await RequestBody.ReadAllAsync(context, session.MaxBatchBytes);
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await new ApiProblem(
                ErrorCode.MessageTooLarge,
                $"A body of this type is one record, and the topic's max.message.bytes is {session.MaxBatchBytes}. "
                    + $"A file with one record a line goes as {MediaTypes.Text}.").WriteAsync(context);
            return;
        }

        var source = body.IsSingleSegment ? body.First : body.ToArray();
        var now = timestamp == Timestamp.None ? Timestamp.From(time.GetUtcNow()) : timestamp;
        Added added;
        while ((added = session.TryAdd(
            partition, new ProducerRecord(now, key, key is null, source.Span, false, headers), out _)) == Added.NoRoom
            && session.Failure is null)
        {
            await session.MakeRoomAsync();
        }

        context.Request.BodyReader.AdvanceTo(body.End);
        await session.DrainAsync();
        await answer.FinishAsync(session, added == Added.TooLarge ? LineProduce.TooLarge(session) : session.Failure, status);
    }

    /// <summary>Adds all records of a document to a sink that has room for them, up to the first that is wrong.</summary>
    public static ApiProblem? AddAll(ReadOnlySpan<byte> source, int? partition, GatheredRecords records, Timestamp now)
    {
        try
        {
            var reader = new Utf8JsonReader(source, RecordFields.ReaderOptions);
            return !TryReadStart(ref reader) ? ApiProblem.BadRequest("The body must be {\"records\": [...]}.")
                : AddArray(ref reader, source, partition, records, now) is { } problem ? problem
                : reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read() ? null
                : ApiProblem.BadRequest("The body must be {\"records\": [...]} and nothing else.");
        }
        catch (JsonException exception)
        {
            return ApiProblem.BadRequest(JsonBody.Describe(exception));
        }
    }

    /// <summary>Adds all records of an array, which is well-formed JSON, up to the first that is wrong.</summary>
    public static ApiProblem? AddArray(ReadOnlySpan<byte> source, GatheredRecords records, Timestamp now)
    {
        var reader = new Utf8JsonReader(source, RecordFields.ReaderOptions);
        reader.Read();
        return AddArray(ref reader, source, null, records, now);
    }

    /// <summary>Adds the only record of a raw body.</summary>
    public static ApiProblem? AddRaw(
        IHeaderDictionary from, ReadOnlySpan<byte> source, int? partition, byte[]? key, IRecordSink records, Timestamp now)
    {
        if (ReadRecordHeaders(from, ref key, out var timestamp, out var headers) is { } wrong)
        {
            return ApiProblem.BadRequest(wrong);
        }

        var record = new ProducerRecord(timestamp == Timestamp.None ? now : timestamp, key, key is null, source, false, headers);
        return records.TryAdd(partition, record, out _) == Added.TooLarge ? LineProduce.TooLarge(records) : null;
    }

    private static ApiProblem? AddArray(ref Utf8JsonReader reader, ReadOnlySpan<byte> source, int? partition, GatheredRecords records, Timestamp now)
    {
        var fields = new RecordFields();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var problem = fields.Read(ref reader, source) is { } wrong ? ApiProblem.BadRequest(wrong) : null;
            if (problem is null && NdjsonProduce.AddFields(fields, source, partition, records, now, out _, out problem) == Added.TooLarge)
            {
                problem ??= LineProduce.TooLarge(records);
            }

            if (problem is not null)
            {
                var index = records.Places.Count;
                return problem with { Members = json => json.WriteNumber("record"u8, index) };
            }
        }

        return null;
    }

    // Reads the whole document once without adding anything.
    private static ApiProblem? Check(ReadOnlySpan<byte> source, int? partition, ProduceSession session, int maxRecords, Timestamp now)
    {
        var fields = new RecordFields();
        var count = 0;
        try
        {
            var reader = new Utf8JsonReader(source, RecordFields.ReaderOptions);
            if (!TryReadStart(ref reader))
            {
                return ApiProblem.BadRequest("The body must be {\"records\": [...]}.");
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (++count > maxRecords)
                {
                    return new ApiProblem(ErrorCode.RecordListTooLarge, $"A JSON body holds at most {maxRecords} records; {MediaTypes.Ndjson} has no such bound.");
                }

                var problem = fields.Read(ref reader, source) is { } wrong
                    ? ApiProblem.BadRequest(wrong)
                    : NdjsonProduce.CheckPartition(fields, partition, session.PartitionsCount);
                if (problem is null && !fields.Record(source, now).FitsInto(session.MaxBatchBytes))
                {
                    problem = LineProduce.TooLarge(session);
                }

                if (problem is not null)
                {
                    var index = count - 1;
                    return problem with { Members = json => json.WriteNumber("record"u8, index) };
                }
            }

            return reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read()
                ? null
                : ApiProblem.BadRequest("The body must be {\"records\": [...]} and nothing else.");
        }
        catch (JsonException exception)
        {
            return ApiProblem.BadRequest(JsonBody.Describe(exception));
        }
    }

    // Without room it continues at the cursor. The topic may have changed since the check: then a record is too large and is the problem.
    private static Added AddSome(
        ReadOnlySpan<byte> source,
        ref Cursor cursor,
        int? partition,
        ProduceSession session,
        Timestamp now,
        List<RecordPlace> places,
        out ApiProblem? problem)
    {
        problem = null;
        var fields = new RecordFields();
        var rest = source[cursor.Position..];
        var start = cursor.Position;
        var reader = new Utf8JsonReader(rest, isFinalBlock: true, cursor.State);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            fields.Read(ref reader, rest);
            var added = NdjsonProduce.AddFields(fields, rest, partition, session, now, out var place, out problem);
            if (added != Added.Yes)
            {
                problem ??= added == Added.TooLarge ? LineProduce.TooLarge(session) : null;
                return added;
            }

            places.Add(place);
            cursor = new Cursor(start + (int)reader.BytesConsumed, reader.CurrentState);
        }

        return Added.Yes;
    }

    // A position between two records, where reading resumes once the session has room.
    private readonly record struct Cursor(int Position, JsonReaderState State)
    {
        public static Cursor Start(ReadOnlySpan<byte> source)
        {
            var reader = new Utf8JsonReader(source, RecordFields.ReaderOptions);
            TryReadStart(ref reader);
            return new Cursor((int)reader.BytesConsumed, reader.CurrentState);
        }
    }

    private static bool TryReadStart(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.StartObject
        && reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("records"u8)
        && reader.Read() && reader.TokenType == JsonTokenType.StartArray;

    // One entry for each record, in the order of the request: where it is, or that it was not accepted.
    private static void WriteRecords(Utf8JsonWriter json, ProduceSession session, List<RecordPlace> places)
    {
        json.WriteStartArray("records"u8);
        foreach (var place in places)
        {
            json.WriteStartObject();
            json.WriteNumber("partition"u8, place.Batch.Accumulator.Partition);
            if (place.Batch.Failure is not null)
            {
                session.Failure!.WriteMembers(json);
            }
            else if (place.Offset != Offset.None)
            {
                json.WriteNumber("offset"u8, place.Offset.Value);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string? ReadRecordHeaders(IHeaderDictionary from, ref byte[]? key, out Timestamp timestamp, out RecordHeader[] headers)
    {
        timestamp = Timestamp.None;
        headers = [];
        if (from.TryGetValue("Record-Timestamp", out var moment) && !Timestamp.TryParse(moment.ToString(), out timestamp))
        {
            return $"The header Record-Timestamp {Timestamp.Expected}.";
        }

        var keys = from["Record-Key"].Count + from["Record-Key-Base64"].Count + (key is null ? 0 : 1);
        if (keys > 1)
        {
            return "The key is given more than once.";
        }

        if (from.TryGetValue("Record-Key", out var text))
        {
            key = Encoding.UTF8.GetBytes(text.ToString());
        }
        else if (from.TryGetValue("Record-Key-Base64", out var encoded) && !TryDecode(encoded.ToString(), out key))
        {
            return "The header Record-Key-Base64 is not base64.";
        }

        var found = new List<RecordHeader>();
        foreach (var (name, values) in from)
        {
            if (!name.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase) || name.Length == HeaderPrefix.Length)
            {
                continue;
            }

            foreach (var value in values)
            {
                found.Add(new RecordHeader(Encoding.UTF8.GetBytes(name[HeaderPrefix.Length..]), Encoding.UTF8.GetBytes(value ?? "")));
            }
        }

        headers = [.. found];
        return null;
    }

    private static bool TryDecode(string text, out byte[]? bytes)
    {
        var buffer = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        var ok = Convert.TryFromBase64String(text, buffer, out var length);
        bytes = ok ? buffer[..length] : null;
        return ok;
    }
}
