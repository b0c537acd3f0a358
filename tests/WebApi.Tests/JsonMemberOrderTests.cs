using System.Text.Json;
using System.Text.Json.Nodes;

namespace Loire.WebApi.Tests;

/// <summary>An object's members have no order (RFC 8259), so an answer must not depend on it.</summary>
public sealed class JsonMemberOrderTests
{
    // What is wrong with these, several members at once, is told from what is right by the order in which members are read.
    private static readonly (string Path, string Body)[] Wrong =
    [
        ("/v1/topics/{topic}/records", """{"records":[{"value":1,"partition":9,"timestamp":"x"}]}"""),
        ("/topics/{topic}", """{"records":[{"value":5,"unknown":1}]}"""),
        ("/topics/{topic}", """{"records":5,"unknown":1}"""),
        ("/topics/{topic}", """{"records":[{"value":"dg==","headers":[{"key":"a","value":"dg==","value":null}]}]}"""),
        ("/topics/{topic}", """{"records":[{"value":"?","partition":-1}]}"""),
        ("/consumers/{group}", """{"name":5,"unknown":1}"""),
        ("/consumers/{group}", """{"format":"json","auto.offset.reset":"x","fetch.min.bytes":-7}"""),
        ("/consumers/{group}/instances/{instance}/offsets", """{"offsets":[{"topic":"t","partition":"x","unknown":0}]}"""),
    ];

    [Theory]
    [MemberData(nameof(BodyRoute.Data), MemberType = typeof(BodyRoute))]
    public async Task Members_in_reverse_order_get_the_same_answer(int route, string name)
    {
        Assert.NotEmpty(name);
        await AssertSameAsync(BodyRoute.All[route]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public async Task A_wrong_document_is_refused_alike_in_every_order(int number) =>
        await AssertSameAsync(new BodyRoute("POST", Wrong[number].Path, Wrong[number].Body));

    [Theory]
    [InlineData("""{"value":{"type":"binary","data":"AAE="},"key":"k","timestamp":5,"headers":[{"name":"n","value":{"type":"binary","data":"/w=="}}]}""")]
    [InlineData("""{"partition":0,"value":null,"key":{"type":"binary","data":"AAE="},"headers":[{"name":"n","value":null}]}""")]
    public async Task A_record_is_the_same_whatever_the_order_of_its_members(string record)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        foreach (var one in new[] { record, Reverse(record) })
        {
            await host.PostAsync("/v1/topics/t/records", "application/json", $"{{\"records\":[{one}]}}");
            await host.PostAsync("/v1/topics/t/records", "application/x-ndjson", one);
        }

        var stored = (await host.GetAsync("/v1/topics/t/partitions/0/records?key_format=binary&value_format=binary")).Json.EnumerateArray()
            .Select(read => (read.GetProperty("key").ToString(), read.GetProperty("value").ToString(), read.GetProperty("headers").ToString())).ToArray();
        Assert.Equal(4, stored.Length);
        Assert.Single(stored.Distinct());
    }

    private static async Task AssertSameAsync(BodyRoute route)
    {
        var answers = new List<string>();
        foreach (var body in new[] { route.Body, Reverse(route.Body) })
        {
            await using var host = await BodyRoute.StartAsync();
            var answer = await route.SendAsync(host, route.PlainType, body);
            var code = answer.Body.Length > 0 && answer.Json.ValueKind == JsonValueKind.Object && answer.Json.TryGetProperty("error_code", out var error)
                ? error.GetInt32()
                : 0;
            answers.Add($"{(int)answer.Status} {code}");
        }

        Assert.True(answers[0] == answers[1], $"{route.Path} {route.Body}: {answers[0]}, in reverse order {answers[1]}");
    }

    // By the text, because a document tree cannot hold a member twice.
    private static string Reverse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Reverse(document.RootElement);
    }

    private static string Reverse(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(',', json.EnumerateObject().Reverse()
            .Select(member => JsonValue.Create(member.Name).ToJsonString() + ":" + Reverse(member.Value))) + "}",
        JsonValueKind.Array => "[" + string.Join(',', json.EnumerateArray().Select(Reverse)) + "]",
        _ => json.GetRawText(),
    };
}
