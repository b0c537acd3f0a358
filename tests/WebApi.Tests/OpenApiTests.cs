using System.Net;
using System.Text.Json;
using Microsoft.OpenApi;

namespace Loire.WebApi.Tests;

/// <summary>The OpenAPI document as a generator of clients reads it.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task The_document_is_valid()
    {
        await using var host = await ApiHost.StartAsync();
        using var body = new MemoryStream((await host.GetAsync("/openapi/v1.json")).Body);
        var read = await OpenApiDocument.LoadAsync(body, OpenApiConstants.Json);
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        Assert.Empty(read.Document!.Validate(ValidationRuleSet.GetDefaultRuleSet()));
    }

    [Fact]
    public async Task Every_operation_has_an_id_of_its_own()
    {
        await using var host = await ApiHost.StartAsync();
        var document = await DocumentAsync(host);
        var ids = Operations(document).Select(operation => operation.Value.GetProperty("operationId").GetString()!).ToArray();
        Assert.All(ids, id => Assert.Matches("^(v2)?[A-Za-z]+$", id));
        Assert.Equal(ids.Length, ids.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public async Task Every_body_and_every_answer_has_a_schema_and_every_reference_a_target()
    {
        await using var host = await ApiHost.StartAsync();
        var document = await DocumentAsync(host);
        foreach (var (name, operation) in Operations(document))
        {
            if (operation.TryGetProperty("requestBody", out var body))
            {
                AssertTyped(document, body, $"the body of {name}");
            }

            foreach (var answer in operation.GetProperty("responses").EnumerateObject())
            {
                if (answer.Name != "204")
                {
                    AssertTyped(document, answer.Value, $"the answer {answer.Name} of {name}");
                }
            }
        }

        foreach (var reference in References(document))
        {
            Resolve(document, reference);
        }
    }

    [Fact]
    public async Task No_schema_takes_text_for_a_number()
    {
        await using var host = await ApiHost.StartAsync();
        foreach (var type in Elements(await DocumentAsync(host)).Where(element => element.ValueKind == JsonValueKind.Array).Select(element => element.GetRawText()))
        {
            Assert.False(type.Contains("\"integer\"", StringComparison.Ordinal) && type.Contains("\"string\"", StringComparison.Ordinal) && type.Length < 40, type);
        }
    }

    [Fact]
    public async Task Bodies_that_the_routes_take_fit_the_schemas()
    {
        await using var host = await BodyRoute.StartAsync();
        var document = await DocumentAsync(host);
        var operations = Operations(document).ToDictionary(operation => operation.Name, operation => operation.Value);
        foreach (var route in BodyRoute.All.Where(route => route.Method != "GET"))
        {
            var schema = operations[$"{route.Method} {route.Path}"].GetProperty("requestBody").GetProperty("content").GetProperty(route.PlainType).GetProperty("schema");
            AssertFits(document, schema, JsonDocument.Parse(route.Body).RootElement, $"{route.Method} {route.Path}");
        }
    }

    [Fact]
    public async Task Answers_fit_the_schemas()
    {
        await using var host = await BodyRoute.StartAsync();
        var document = await DocumentAsync(host);
        var operations = Operations(document).ToDictionary(operation => operation.Name, operation => operation.Value);
        var fitting = 0;
        foreach (var route in BodyRoute.All.OrderByDescending(route => route.TakesRecords))
        {
            Check(route.Method, route.Path, await route.SendAsync(host, route.PlainType));
        }

        await host.PostAsync("/v1/topics/t/records", "application/json", """{"records":[{"value":null},{"value":"é","headers":[{"name":"h","value":null}]}]}""");
        foreach (var (path, query) in new[]
        {
            ("/v1/topics/{topic}/partitions/{partition}/records", ""), ("/v1/groups/{group}/members/{member}/records", "?max_wait_ms=0"), ("/v1/topics", ""),
            ("/v1/topics/{topic}/partitions", ""), ("/v1/topics/{topic}/partitions/{partition}/offsets", ""), ("/v1/groups", ""), ("/v1/brokers", ""), ("/v1/kafka/apis", ""),
            ("/v1/transactions", ""), ("/v1/transactions/{transaction}", ""), ("/v1/transactions:hanging", ""),
            ("/v1/topics/{topic}/partitions/{partition}/producers", ""),
            ("/v1/groups/{group}/members", ""), ("/v1/groups/{group}/members/{member}", ""), ("/readyz", ""), ("/topics", ""), ("/topics/{topic}", ""),
            ("/topics/{topic}/partitions/{partition}/records", "?offset=0&timeout=1&max_bytes=1000"), ("/consumers/{group}/instances/{instance}/records", ""),
            ("/consumers/{group}/instances/{instance}/subscription", ""), ("/consumers/{group}/instances/{instance}/assignments", ""),
        })
        {
            Check("GET", path, await host.GetAsync(BodyRoute.Fill(path) + query));
        }

        Assert.InRange(fitting, 25, int.MaxValue);

        void Check(string method, string path, Answered answer)
        {
            // The fake cluster refuses some requests, in ways that the real one does not.
            var name = $"{method} {path}";
            if (answer.Status is not (HttpStatusCode.OK or HttpStatusCode.Created))
            {
                return;
            }

            var response = operations[name].GetProperty("responses").EnumerateObject().FirstOrDefault(described => described.Name == $"{(int)answer.Status}").Value;
            Assert.True(response.ValueKind == JsonValueKind.Object, $"{name} answers {(int)answer.Status}: {answer.Text}");
            AssertFits(document, response.GetProperty("content").GetProperty(answer.ContentType!).GetProperty("schema"), answer.Json, $"{name}: {answer.Text}");
            fitting++;
        }
    }

    private static async Task<JsonElement> DocumentAsync(ApiHost host) => (await host.GetAsync("/openapi/v1.json")).Json;

    private static IEnumerable<(string Name, JsonElement Value)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        select ($"{operation.Name.ToUpperInvariant()} {path.Name}", operation.Value);

    private static void AssertTyped(JsonElement document, JsonElement described, string place)
    {
        Assert.True(described.TryGetProperty("content", out var content) && content.EnumerateObject().Any(), $"{place} has no type");
        foreach (var media in content.EnumerateObject())
        {
            var isTyped = media.Value.TryGetProperty("schema", out var schema)
                && (!media.Name.EndsWith("json", StringComparison.Ordinal) || media.Name.EndsWith("ndjson", StringComparison.Ordinal)
                    ? schema.GetProperty("type").GetString() == "string"
                    : Resolve(document, schema) is var shape && (shape.TryGetProperty("properties", out _) || shape.TryGetProperty("items", out _) || IsNothing(schema)));
            Assert.True(isTyped, $"{place} as {media.Name}: {media.Value}");
        }
    }

    // What the dialect answers where there is nothing to say.
    private static bool IsNothing(JsonElement schema) =>
        schema.TryGetProperty("$ref", out var reference) && reference.GetString()!.EndsWith("/V2NothingJson", StringComparison.Ordinal);

    /// <summary>Whether JSON has all members that a schema demands, none that it lacks, and values of its types.</summary>
    private static void AssertFits(JsonElement document, JsonElement schema, JsonElement json, string place)
    {
        schema = Resolve(document, schema);
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            schema = Resolve(document, choices.EnumerateArray().Last());
            if (json.ValueKind == JsonValueKind.Null)
            {
                return;
            }
        }

        if (schema.TryGetProperty("type", out var type))
        {
            var kind = json.ValueKind switch
            {
                JsonValueKind.Object => "object",
                JsonValueKind.Array => "array",
                JsonValueKind.String => "string",
                JsonValueKind.Number => "integer",
                JsonValueKind.Null => "null",
                _ => "boolean",
            };
            Assert.True(type.GetRawText().Contains($"\"{kind}\"", StringComparison.Ordinal), $"{place}: {json} is not {type}");
        }

        if (json.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            Assert.All(json.EnumerateArray(), item => AssertFits(document, items, item, place));
        }

        if (json.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties))
        {
            return;
        }

        foreach (var member in json.EnumerateObject())
        {
            Assert.True(properties.TryGetProperty(member.Name, out var expected), $"{place}: the schema lacks {member.Name}");
            AssertFits(document, expected, member.Value, $"{place} at {member.Name}");
        }

        foreach (var required in schema.TryGetProperty("required", out var names) ? [.. names.EnumerateArray()] : Array.Empty<JsonElement>())
        {
            Assert.True(json.TryGetProperty(required.GetString()!, out _), $"{place}: {required} is missing");
        }
    }

    private static JsonElement Resolve(JsonElement document, JsonElement schema)
    {
        while (schema.TryGetProperty("$ref", out var reference))
        {
            schema = Resolve(document, reference.GetString()!);
        }

        return schema;
    }

    private static JsonElement Resolve(JsonElement document, string reference) =>
        reference.Split('/').Skip(1).Aggregate(document, (element, name) => element.GetProperty(name));

    private static IEnumerable<string> References(JsonElement document) =>
        from element in Elements(document)
        where element.ValueKind == JsonValueKind.Object && element.TryGetProperty("$ref", out _)
        select element.GetProperty("$ref").GetString()!;

    private static IEnumerable<JsonElement> Elements(JsonElement element)
    {
        var parts = element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().Select(member => member.Value),
            JsonValueKind.Array => element.EnumerateArray().AsEnumerable(),
            _ => [],
        };
        return parts.SelectMany(Elements).Prepend(element);
    }
}
