using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Records.Fetch;

/// <summary>The form of a live tail.</summary>
internal abstract class TailOutput
{
    public abstract string ContentType { get; }

    public abstract void Records(RecordPage page, int partition, string token);

    public abstract void Heartbeat(string token);

    public abstract void Error(ApiProblem problem, int? partition);
}

/// <summary><c>text/event-stream</c>: events <c>records</c>, <c>heartbeat</c>, <c>error</c>; the id of each but the last is the resume token.</summary>
internal sealed class EventOutput(PipeWriter to, FieldFormat keys, FieldFormat values) : TailOutput
{
    private readonly JsonFormat _format = new(to, keys, values, lines: false);

    public override string ContentType => MediaTypes.EventStream;

    public override void Records(RecordPage page, int partition, string token)
    {
        Begin("records", token);
        _format.Begin();
        page.Write(_format, partition);
        _format.End();
        to.Write("\n\n"u8);
    }

    public override void Heartbeat(string token)
    {
        Begin("heartbeat", token);
        to.Write("{}\n\n"u8);
    }

    public override void Error(ApiProblem problem, int? partition)
    {
        Begin("error", null);
        TailError.Write(to, problem, partition);
        to.Write("\n\n"u8);
    }

    private void Begin(string name, string? token) =>
        Encoding.ASCII.GetBytes(token is null ? $"event: {name}\ndata: " : $"event: {name}\nid: {token}\ndata: ", to);
}

/// <summary>NDJSON: a line for each record, and one with <c>error_code</c> for an error. There is no heartbeat, since a line is data.</summary>
internal sealed class LineOutput(PipeWriter to, FieldFormat keys, FieldFormat values) : TailOutput
{
    private readonly JsonFormat _format = new(to, keys, values, lines: true);

    public override string ContentType => MediaTypes.Ndjson;

    public override void Records(RecordPage page, int partition, string token) => page.Write(_format, partition);

    public override void Heartbeat(string token)
    {
    }

    public override void Error(ApiProblem problem, int? partition)
    {
        TailError.Write(to, problem, partition);
        to.Write("\n"u8);
    }
}

internal static class TailError
{
    public static void Write(PipeWriter to, ApiProblem problem, int? partition)
    {
        using var json = new Utf8JsonWriter(to);
        json.WriteStartObject();
        if (partition is { } number)
        {
            json.WriteNumber("partition"u8, number);
        }

        json.WriteNumber("status"u8, problem.HttpStatus);
        problem.WriteMembers(json);
        json.WriteEndObject();
    }
}
