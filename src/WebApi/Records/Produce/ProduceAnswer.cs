using System.Buffers;
using System.Text.Json;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Records.Produce;

/// <summary>
/// What a produce answers: how many records were accepted and, for each partition, the first and last offset. Either once at the end, where 2xx means
/// that everything was accepted, or as lines while the request is still being read: <c>ack</c> for each batch, and at the end <c>done</c> or <c>error</c>.
/// A stream without such a last line was cut. It begins with the first acknowledgement, so that a request of which nothing was accepted is
/// answered by a status.
/// </summary>
internal sealed class ProduceAnswer(HttpContext context, bool streams)
{
    private readonly SortedDictionary<int, Accepted> _accepted = [];
    private readonly ArrayBufferWriter<byte> _line = new(256);
    private readonly Utf8JsonWriter _json = new(Stream.Null, ApiProblem.WriterOptions);
    private bool _unflushed;

    /// <summary>Counts an acknowledged batch. A stream gets a line, which the next flush sends.</summary>
    public void Acknowledge(PendingBatch batch, ProduceSession session)
    {
        var partition = batch.Accumulator.Partition;
        var before = _accepted.GetValueOrDefault(partition, new Accepted(0, batch.BaseOffset, Offset.None));
        _accepted[partition] = before with { Records = before.Records + batch.RecordsCount, LastOffset = batch.LastOffset };
        if (!streams)
        {
            return;
        }

        var json = BeginLine("ack"u8);
        json.WriteNumber("acknowledged"u8, session.Acknowledged);
        json.WriteNumber("partition"u8, partition);
        json.WriteNumber("records"u8, batch.RecordsCount);
        WriteOffsets(json, batch.BaseOffset, batch.LastOffset);
        EndLine();
    }

    public async ValueTask FlushAsync()
    {
        if (_unflushed)
        {
            _unflushed = false;
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }

    /// <summary>Ends the answer.</summary>
    /// <param name="session">What was accepted.</param>
    /// <param name="problem">Why not everything was; null if it was.</param>
    /// <param name="status">The status without a problem.</param>
    /// <param name="members">Writes further members, such as the line that is wrong.</param>
    public async Task FinishAsync(
        ProduceSession session, ApiProblem? problem, int status = StatusCodes.Status200OK, Action<Utf8JsonWriter>? members = null)
    {
        void WriteAll(Utf8JsonWriter json)
        {
            members?.Invoke(json);
            WriteAccepted(json, session);
        }

        if (streams && (problem is null || _accepted.Count > 0))
        {
            var json = BeginLine(problem is null ? "done"u8 : "error"u8);
            if (problem is not null)
            {
                json.WriteNumber("status"u8, problem.HttpStatus);
            }

            problem?.WriteMembers(json);
            WriteAll(json);
            EndLine();
            await FlushAsync();
        }
        else if (problem is not null)
        {
            await (problem with { Members = WriteAll }).WriteAsync(context);
        }
        else
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = MediaTypes.Json;
            using (var json = new Utf8JsonWriter(context.Response.BodyWriter, ApiProblem.WriterOptions))
            {
                json.WriteStartObject();
                WriteAll(json);
                json.WriteEndObject();
            }

            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }

    private void WriteAccepted(Utf8JsonWriter json, ProduceSession session)
    {
        json.WriteNumber("records_accepted"u8, _accepted.Values.Sum(accepted => accepted.Records));
        json.WriteNumber("acknowledged"u8, session.Acknowledged);
        json.WriteStartArray("partitions"u8);
        foreach (var (partition, accepted) in _accepted)
        {
            json.WriteStartObject();
            json.WriteNumber("partition"u8, partition);
            json.WriteNumber("records_accepted"u8, accepted.Records);
            WriteOffsets(json, accepted.FirstOffset, accepted.LastOffset);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteOffsets(Utf8JsonWriter json, Offset first, Offset last)
    {
        if (first != Offset.None)
        {
            json.WriteNumber("first_offset"u8, first.Value);
            json.WriteNumber("last_offset"u8, last.Value);
        }
    }

    private Utf8JsonWriter BeginLine(ReadOnlySpan<byte> type)
    {
        _line.ResetWrittenCount();
        _json.Reset(_line);
        _json.WriteStartObject();
        _json.WriteString("type"u8, type);
        return _json;
    }

    private void EndLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = MediaTypes.Ndjson;
            context.Response.Headers.CacheControl = "no-store, no-transform";
        }

        context.Response.BodyWriter.Write(_line.WrittenSpan);
        context.Response.BodyWriter.Write("\n"u8);
        _unflushed = true;
    }

    /// <summary>The records that were accepted by one partition.</summary>
    private readonly record struct Accepted(long Records, Offset FirstOffset, Offset LastOffset);
}
