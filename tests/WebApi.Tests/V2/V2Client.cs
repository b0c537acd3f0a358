using System.Net;
using System.Text;
using Loire.Model;
using Loire.TestKit.Fakes;

namespace Loire.WebApi.Tests.V2;

/// <summary>The words in which these tests speak the dialect.</summary>
internal static class V2Client
{
    public const string Document = "application/vnd.kafka.v2+json";
    public const string Binary = "application/vnd.kafka.binary.v2+json";
    public const string Json = "application/vnd.kafka.json.v2+json";
    public const string Text = "application/vnd.kafka.text.v2+json";
    public const string Instance = "/consumers/g/instances/i";

    public static Task<Answered> PostV2Async(this IServed host, string path, string body, string? type = Document, string? accept = null) =>
        host.SendAsync(HttpMethod.Post, path, type, Encoding.UTF8.GetBytes(body), accept);

    /// <summary>Makes the instance <c>i</c> of the group <c>g</c> and gives it partition 0 of <c>t</c>.</summary>
    public static async Task<FakeConsumer> MakeAsync(this ApiHost host, string settings = "\"format\":\"json\"")
    {
        var made = await host.PostV2Async("/consumers/g", $"{{\"name\":\"i\",{settings}}}");
        Assert.Equal(HttpStatusCode.OK, made.Status);
        var subscribed = await host.PostV2Async($"{Instance}/subscription", """{"topics":["t"]}""");
        Assert.Equal(HttpStatusCode.NoContent, subscribed.Status);
        var consumer = host.Cluster.Consumer("g", "i");
        consumer.Assignment = [Partition(0)];
        return consumer;
    }

    /// <summary>A partition of <c>t</c>.</summary>
    public static TopicPartition Partition(int number) => new(TopicName.Parse("t"), number);

    /// <summary>A record of partition 0 of <c>t</c>.</summary>
    public static ConsumedRecord Record(long offset, string? key, string? value, params ConsumedHeader[] headers) =>
        new(Partition(0), new Offset(offset), new Timestamp(1_000 + offset), Bytes(key), Bytes(value), headers);

    /// <summary>Asserts an error: its status, its code, its two members, its type.</summary>
    public static void AssertError(Answered answer, int status, int code, string type = Document)
    {
        Assert.True((int)answer.Status == status, $"{(int)answer.Status}: {answer.Text}");
        Assert.Equal(["error_code", "message"], answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(code, answer.Json.GetProperty("error_code").GetInt32());
        Assert.NotEqual("", answer.Json.GetProperty("message").GetString());
        Assert.Equal(type, answer.ContentType);
        Assert.DoesNotContain("Loire", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", answer.Text, StringComparison.Ordinal);
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
