using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Loire.Doors.Tests;

/// <summary>JSON of the HTTP API, as a document or a record a line.</summary>
internal sealed class JsonDoor(Uri node, bool isLines) : IDoor
{
    public string? CannotWrite(DoorRecord record) => null;

    public async Task WriteAsync(string topic, IReadOnlyList<DoorRecord> records)
    {
        var objects = records.Select(record => new JsonObject
        {
            ["partition"] = 0,
            ["key"] = Binary(record.Key),
            ["value"] = Binary(record.Value),
            ["timestamp"] = record.Timestamp,
            ["headers"] = new JsonArray([.. record.Headers.Select(header => new JsonObject { ["name"] = header.Name, ["value"] = Binary(header.Value) })]),
        });
        var body = isLines ? string.Join('\n', objects.Select(record => record.ToJsonString())) : new JsonObject { ["records"] = new JsonArray([.. objects]) }.ToJsonString();
        await HttpDoor.SendAsync(node, HttpMethod.Post, $"v1/topics/{topic}/records", isLines ? "application/x-ndjson" : "application/json", Encoding.UTF8.GetBytes(body));
    }

    public async Task<IReadOnlyList<DoorRecord>> ReadAsync(string topic, int count)
    {
        List<DoorRecord> read = [];
        while (read.Count < count)
        {
            var next = read.Count == 0 ? 0 : read[^1].Offset + 1;
            var body = await HttpDoor.GetAsync(node, $"v1/topics/{topic}/partitions/0/records?offset={next}&max_bytes=4000000", isLines ? "application/x-ndjson" : "application/json");
            var records = isLines
                ? Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)
                : Records(JsonNode.Parse(body)!);
            var before = read.Count;
            read.AddRange(records.Select(Read));
            Assert.True(read.Count > before, $"{topic} ends after {read.Count} of {count} records");
        }

        return read;
    }

    private static IEnumerable<JsonNode> Records(JsonNode document) => (document as JsonArray ?? document["records"]!.AsArray())!;

    private static DoorRecord Read(JsonNode record) => new(
        (long)record["offset"]!, Bytes(record["key"]), Bytes(record["value"]), (long)record["timestamp"]!,
        [.. record["headers"]!.AsArray().Select(header => new DoorHeader((string)header!["name"]!, Bytes(header["value"])))]);

    private static JsonObject? Binary(string? base64) => base64 is null ? null : new JsonObject { ["type"] = "binary", ["data"] = base64 };

    // A text, JSON that is its own text, or bytes.
    private static string? Bytes(JsonNode? field) => field switch
    {
        null => null,
        JsonObject { Count: 2 } form when form["type"] is JsonValue type && type.GetValueKind() == JsonValueKind.String && (string)type! == "binary" => (string)form["data"]!,
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Convert.ToBase64String(Encoding.UTF8.GetBytes((string)value!)),
        _ => Convert.ToBase64String(Encoding.UTF8.GetBytes(field.ToJsonString())),
    };
}

/// <summary>The binary format of the v2 dialect of REST proxies.</summary>
internal sealed class RestProxyDoor(Uri node) : IDoor
{
    private const string Format = "application/vnd.kafka.binary.v2+json";

    public string? CannotWrite(DoorRecord record) =>
        record.Headers.Any(header => header.Value is null) ? "a header without a value has no form in it" : null;

    public Task WriteAsync(string topic, IReadOnlyList<DoorRecord> records) => HttpDoor.SendAsync(
        node, HttpMethod.Post, $"topics/{topic}", Format, Encoding.UTF8.GetBytes(new JsonObject
        {
            ["records"] = new JsonArray([.. records.Select(record => new JsonObject
            {
                ["partition"] = 0,
                ["key"] = record.Key,
                ["value"] = record.Value,
                ["timestamp"] = record.Timestamp,
                ["headers"] = new JsonArray([.. record.Headers.Select(header => new JsonObject { ["key"] = header.Name, ["value"] = header.Value })]),
            })]),
        }.ToJsonString()));

    public async Task<IReadOnlyList<DoorRecord>> ReadAsync(string topic, int count)
    {
        List<DoorRecord> read = [];
        while (read.Count < count)
        {
            var next = read.Count == 0 ? 0 : read[^1].Offset + 1;
            var body = await HttpDoor.GetAsync(node, $"topics/{topic}/partitions/0/records?offset={next}&timeout=1000&max_bytes=4000000", Format);
            var before = read.Count;
            read.AddRange(JsonNode.Parse(body)!.AsArray().Select(record => new DoorRecord(
                (long)record!["offset"]!, (string?)record["key"], (string?)record["value"], (long)record["timestamp"]!,
                [.. (record["headers"] as JsonArray ?? []).Select(header => new DoorHeader((string)header!["key"]!, (string?)header["value"]))])));
            Assert.True(read.Count > before, $"{topic} ends after {read.Count} of {count} records");
        }

        return read;
    }
}

internal static class HttpDoor
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromMinutes(1) };

    public static async Task<byte[]> SendAsync(Uri node, HttpMethod method, string path, string? type, byte[]? body, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(node, path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(type!) } };
        }

        if (accept is not null)
        {
            request.Headers.Add("Accept", accept);
        }

        using var response = await Client.SendAsync(request);
        var answer = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {Encoding.UTF8.GetString(answer.AsSpan(0, Math.Min(500, answer.Length)))}");
        return answer;
    }

    public static Task<byte[]> GetAsync(Uri node, string path, string accept) => SendAsync(node, HttpMethod.Get, path, null, null, accept);
}
