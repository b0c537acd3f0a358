using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Loire.WebApi.RestProxy.Requests;

/// <summary>
/// Distinguishes a document with an unknown member from a malformed one: the dialect answers them differently, and the serializer's exception
/// tells them apart only in its text.
/// </summary>
internal static class UnknownMembers
{
    /// <summary>Whether a document is JSON and has such a member at any depth.</summary>
    public static bool Exist(ReadOnlyMemory<byte> document, JsonTypeInfo type)
    {
        try
        {
            using var parsed = JsonDocument.Parse(document);
            return Exist(parsed.RootElement, type);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool Exist(JsonElement element, JsonTypeInfo type) => (element.ValueKind, type.Kind) switch
    {
        (JsonValueKind.Object, JsonTypeInfoKind.Object) => element.EnumerateObject().Any(member =>
            type.Properties.FirstOrDefault(property => property.Name == member.Name) is not { } known
            || Exist(member.Value, type.Options.GetTypeInfo(known.PropertyType))),
        (JsonValueKind.Array, JsonTypeInfoKind.Enumerable) => element.EnumerateArray().Any(entry =>
            Exist(entry, type.Options.GetTypeInfo(type.ElementType!))),
        _ => false,
    };
}
