using System.Text.Json;
using System.Text.Json.Serialization;

namespace Loire.WebApi.Requests;

/// <summary>
/// How documents other than records are read. Strict: an unknown or repeated member is an error that names it, because it is nearly always
/// a misspelt setting.
/// </summary>
internal static class DocumentJson
{
    public static readonly JsonSerializerOptions Options = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            AllowDuplicateProperties = false,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            MaxDepth = 16,
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
