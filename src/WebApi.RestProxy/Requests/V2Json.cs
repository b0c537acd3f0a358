using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Loire.WebApi.RestProxy.Requests;

/// <summary>How the dialect's documents are read and written.</summary>
internal static class V2Json
{
    /// <summary>For records and errors. They are never part of a page, so '&lt;' and the like need no escape.</summary>
    public static readonly JsonWriterOptions WriterOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>For all other documents. An unknown member is refused, as by Confluent's proxy.</summary>
    public static readonly JsonSerializerOptions Options = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            AllowDuplicateProperties = false,
            MaxDepth = 16,
            Converters = { new JsonStringEnumConverter() },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

/// <summary>An error.</summary>
internal sealed record V2ErrorJson(int ErrorCode, string Message);

/// <summary>An object without members.</summary>
internal sealed record V2NothingJson;
