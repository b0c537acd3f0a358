using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Records.Fetch;

/// <summary>The form of an answer without an end.</summary>
internal abstract class TailOutput
{
    /// <summary>A tail lives long: a coding would hold memory as long, and proxies that transform bodies hold events back.</summary>
    public const string CacheControl = "no-store, no-transform";

    public abstract string ContentType { get; }

    /// <summary>Records that <paramref name="write"/> writes; <paramref name="token"/> names the place behind them.</summary>
    public abstract void Records(Action<JsonFormat> write, string token);

    public abstract void Heartbeat(string token);

    public abstract void Error(ApiProblem problem, int? partition);

    /// <summary>Sends the headers, so that the client knows that its tail has begun; before anything is written.</summary>
    public Task BeginAsync(HttpResponse response, CancellationToken aborted)
    {
        response.ContentType = ContentType;
        response.Headers.CacheControl = CacheControl;
        response.Headers.XContentTypeOptions = "nosniff";
        // nginx would hold events back until its buffer is full.
        response.Headers["X-Accel-Buffering"] = "no";
        return SendHeadersAsync(response, aborted);
    }

    /// <summary>Sends the headers of an answer that may have no body for long.</summary>
    // The writer of a body that may be compressed sends nothing as long as nothing is written; its stream does.
    public static Task SendHeadersAsync(HttpResponse response, CancellationToken aborted) => response.Body.FlushAsync(aborted);
}

/// <summary>
/// <c>text/event-stream</c>: events <c>records</c>, <c>heartbeat</c>, <c>error</c>; the id of each but the last is the token.
/// </summary>
internal sealed class EventOutput(PipeWriter to, FieldFormat keys, FieldFormat values) : TailOutput
{
    private readonly JsonFormat _format = new(to, keys, values, lines: false);

    public override string ContentType => MediaTypes.EventStream;

    public override void Records(Action<JsonFormat> write, string token)
    {
        Begin("records", token);
        _format.Begin();
        write(_format);
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

/// <summary>
/// NDJSON: a line for each record, and one with <c>error_code</c> for an error. There is no heartbeat, since a line is data.
/// </summary>
/// <param name="to">Where to write.</param>
/// <param name="keys">How keys appear.</param>
/// <param name="values">How values appear.</param>
/// <param name="tokenName">The one member of a line behind the records that has the token; null for no such line.</param>
internal sealed class LineOutput(PipeWriter to, FieldFormat keys, FieldFormat values, string? tokenName = null) : TailOutput
{
    private readonly JsonFormat _format = new(to, keys, values, lines: true);

    public override string ContentType => MediaTypes.Ndjson;

    public override void Records(Action<JsonFormat> write, string token)
    {
        write(_format);
        if (tokenName is not null)
        {
            Encoding.ASCII.GetBytes($"{{\"{tokenName}\":\"{token}\"}}\n", to);
        }
    }

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
        using var json = new Utf8JsonWriter(to, ApiProblem.WriterOptions);
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
