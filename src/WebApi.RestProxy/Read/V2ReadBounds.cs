using Loire.Model;
using Loire.WebApi.Requests;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.RestProxy.Read;

/// <summary>How long one request for records waits and how much it brings.</summary>
internal readonly record struct V2ReadBounds(TimeSpan Wait, int Bytes, bool HasTimeout, bool HasMaxBytes)
{
    /// <summary>Records of one answer, Kafka's default of <c>max.poll.records</c>.</summary>
    public const int RecordsMax = 500;

    public static readonly QueryParameter<long> Timeout = QueryParameter.Number(
        "timeout",
        long.MinValue,
        long.MaxValue,
        -1,
        "Milliseconds to wait for records, 60000 at most; the consumer.request.timeout.ms of the instance by default.");

    public static readonly QueryParameter<long> MaxBytes = QueryParameter.Number(
        "max_bytes", long.MinValue, long.MaxValue, -1, "Bytes of keys and values at most; the first record comes whatever its size.");

    /// <summary>Reads the parameters; zero and less stand for the default, as in Confluent's proxy.</summary>
    public static V2ReadBounds Read(HttpContext context, TimeSpan defaultWait, int maxBytes, ref V2Error? error)
    {
        var timeout = V2Requests.Get(context, Timeout, ref error);
        var bytes = V2Requests.Get(context, MaxBytes, ref error);
        return new V2ReadBounds(
            timeout <= 0 ? defaultWait : timeout < Limits.FetchWait.TotalMilliseconds ? TimeSpan.FromMilliseconds(timeout) : Limits.FetchWait,
            bytes > 0 && bytes < maxBytes ? (int)bytes : maxBytes,
            context.Request.Query.ContainsKey(Timeout.Name),
            context.Request.Query.ContainsKey(MaxBytes.Name));
    }

    /// <summary>Begins an answer with records.</summary>
    public static void Head(HttpContext context, string type)
    {
        context.Response.ContentType = type;
        // Text of unknown origin must not be taken for a page.
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
    }
}
