using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>Compares JSON with what an earlier build said; a later one may say more.</summary>
internal static class JsonContent
{
    public static void Has(JsonElement expected, JsonElement actual, string where)
    {
        Assert.True(expected.ValueKind == actual.ValueKind, $"{where}: {actual} instead of {expected}");
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in expected.EnumerateObject())
                {
                    Assert.True(actual.TryGetProperty(member.Name, out var value), $"{where} has no {member.Name}: {actual}");
                    Has(member.Value, value, $"{where}.{member.Name}");
                }

                break;
            case JsonValueKind.Array:
                Assert.True(expected.GetArrayLength() == actual.GetArrayLength(), $"{where}: {actual} instead of {expected}");
                foreach (var ((one, other), i) in expected.EnumerateArray().Zip(actual.EnumerateArray()).Select((pair, i) => (pair, i)))
                {
                    Has(one, other, $"{where}[{i}]");
                }

                break;
            default:
                Assert.True(JsonElement.DeepEquals(expected, actual), $"{where}: {actual} instead of {expected}");
                break;
        }
    }

    public static async Task<JsonElement> GetJsonAsync(this HttpClient node, string path)
    {
        using var response = await node.GetAsync(path);
        return await ReadAsync(response);
    }

    /// <summary>The body of an answer, which must be a success.</summary>
    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        var request = response.RequestMessage!;
        Assert.True(response.IsSuccessStatusCode, $"{request.Method} {request.RequestUri}: {(int)response.StatusCode} {body}");
        return body.Length == 0 ? default : JsonElement.Parse(body);
    }
}
