using System.Text.Json.Serialization;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Loire.WebApi.RestProxy.Requests;

/// <summary>How the bytes of keys and values stand in a JSON document of the dialect.</summary>
internal enum EmbeddedFormat
{
    /// <summary>As base64.</summary>
    [JsonStringEnumMemberName("binary")]
    Binary,

    /// <summary>As the JSON that they are.</summary>
    [JsonStringEnumMemberName("json")]
    Json,

    /// <summary>As text in UTF-8; Strimzi's.</summary>
    [JsonStringEnumMemberName("text")]
    Text,
}

/// <summary>
/// The dialect's media types: one for documents, one for each embedded format. Many clients cannot set them, so <c>application/json</c>
/// does for documents, and for records in the json format.
/// </summary>
internal static class V2MediaTypes
{
    public const string Document = "application/vnd.kafka.v2+json";
    public const string AnyVersion = "application/vnd.kafka+json";
    public const string Binary = "application/vnd.kafka.binary.v2+json";
    public const string Json = "application/vnd.kafka.json.v2+json";
    public const string Text = "application/vnd.kafka.text.v2+json";

    // Clients may accept the type of their records for everything, so these stand for documents too.
    private static readonly string[] Documents =
    [
        Document, MediaTypes.Json, AnyVersion, Binary, Json, Text,
        "application/vnd.kafka.avro.v2+json", "application/vnd.kafka.jsonschema.v2+json", "application/vnd.kafka.protobuf.v2+json",
    ];

    /// <summary>What records are produced as.</summary>
    public static readonly string[] Embedded = [Binary, Json, Text, MediaTypes.Json];

    /// <summary>Whether a body of this type needs a schema.</summary>
    public static bool NeedsSchema(string? contentType) => Documents[6..].Contains(Name(contentType), StringComparer.OrdinalIgnoreCase);

    /// <summary>The format of the records in a body of this type, JSON by any name being the json format; null if it is none of them.</summary>
    public static EmbeddedFormat? FormatOf(string? contentType) => Name(contentType)?.ToLowerInvariant() switch
    {
        Binary => EmbeddedFormat.Binary,
        Json => EmbeddedFormat.Json,
        Text => EmbeddedFormat.Text,
        { } other when !other.StartsWith("application/vnd.kafka", StringComparison.Ordinal)
            && MediaTypes.IsJson(new MediaTypeHeaderValue(other)) => EmbeddedFormat.Json,
        _ => null,
    };

    /// <summary>The type of an answer that is a document; null if the client accepts none.</summary>
    public static string? NegotiateDocument(HttpRequest request) => MediaTypes.Negotiate(request, Documents);

    /// <summary>
    /// The type of an answer with records of a format; null if the client accepts another format only. The document's own type stands for
    /// the binary format.
    /// </summary>
    public static string? NegotiateRecords(HttpRequest request, EmbeddedFormat format) => format switch
    {
        EmbeddedFormat.Json => MediaTypes.Negotiate(request, Json, MediaTypes.Json),
        EmbeddedFormat.Text => MediaTypes.Negotiate(request, Text),
        _ => MediaTypes.Negotiate(request, Binary, Document, AnyVersion),
    };

    private static string? Name(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) ? type.MediaType.ToString() : null;
}
