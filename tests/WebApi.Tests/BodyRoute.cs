using System.Text;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.WebApi.Tests;

/// <summary>A route that takes a JSON body, with a body that it accepts.</summary>
public sealed record BodyRoute(string Method, string Path, string Body)
{
    private const string Partition = """{"topic":"t","partition":0}""";

    /// <summary>Every route with a body; a test compares them with the OpenAPI document.</summary>
    public static IReadOnlyList<BodyRoute> All { get; } =
    [
        new("POST", "/v1/topics", """{"topic_name":"new","partitions_count":1}"""),
        new("PATCH", "/v1/topics/{topic}", """{"partitions_count":2,"validate_only":true}"""),
        new("PUT", "/v1/topics/{topic}/configs/{name}", """{"value":"1"}"""),
        new("POST", "/v1/topics/{topic}/configs:alter", """{"data":[{"name":"retention.ms","value":"1"}],"validate_only":false}"""),
        new("POST", "/v1/topics/{topic}/records", """{"records":[{"key":"k","value":"v","headers":[{"name":"n","value":"v"}]}]}"""),
        new("POST", "/v1/topics/{topic}/records:delete", """{"to":"offset","value":0,"partitions":[0],"dry_run":true}"""),
        new("POST", "/v1/transactions", """{"topics":[{"topic_name":"t","records":[{"key":"k","value":"v"}]}]}"""),
        new("PUT", "/v1/groups/{group}/offsets", """{"offsets":[{"topic_name":"t","partition":0,"offset":0,"metadata":"m"}]}"""),
        new("DELETE", "/v1/groups/{group}/offsets", """{"topics":[{"topic_name":"t","partitions":[0]}]}"""),
        new("POST", "/v1/groups/{group}/offsets:reset", """{"to":"offset","value":0,"topics":[{"topic_name":"t","partitions":[0]}]}"""),
        new("POST", "/v1/brokers:rebalance", """{"after":"a","limit":10,"dry_run":true}"""),
        new("POST", "/v1/brokers:upgrade", """{"feature_level":1,"validate_only":true}"""),
        new("POST", "/v1/groups/{group}/members", """{"topics":["t"],"client_id":"c"}"""),
        new("PUT", "/v1/groups/{group}/members/{member}/subscription", """{"topics":["t"]}"""),
        new("PUT", "/v1/groups/{group}/members/{member}/assignment", """{"partitions":[{"topic_name":"t","partition":0}]}"""),
        new("PUT", "/v1/groups/{group}/members/{member}/offsets", """{"offsets":[{"topic_name":"t","partition":0,"offset":0}]}"""),
        new("POST", "/v1/groups/{group}/members/{member}/positions", """{"positions":[{"topic_name":"t","partition":0,"to":"offset","value":0}]}"""),
        new("POST", "/admin/topics", """{"topic_name":"new","partitions_count":1}"""),
        new("POST", "/topics/{topic}", """{"records":[{"key":"aw==","value":"dg==","headers":[{"key":"n","value":"dg=="}]}]}"""),
        new("POST", "/topics/{topic}/partitions/{partition}", """{"records":[{"key":"aw==","value":"dg=="}]}"""),
        new("POST", "/consumers/{group}", """{"name":"other","format":"json"}"""),
        new("POST", "/consumers/{group}/instances/{instance}/subscription", """{"topics":["t"]}"""),
        new("POST", "/consumers/{group}/instances/{instance}/assignments", $$"""{"partitions":[{{Partition}}]}"""),
        new("POST", "/consumers/{group}/instances/{instance}/offsets", """{"offsets":[{"topic":"t","partition":0,"offset":0}]}"""),
        new("GET", "/consumers/{group}/instances/{instance}/offsets", $$"""{"partitions":[{{Partition}}]}"""),
        new("POST", "/consumers/{group}/instances/{instance}/offsets:query", $$"""{"partitions":[{{Partition}}]}"""),
        new("POST", "/consumers/{group}/instances/{instance}/positions", """{"offsets":[{"topic":"t","partition":0,"offset":0}]}"""),
        new("POST", "/consumers/{group}/instances/{instance}/positions/beginning", $$"""{"partitions":[{{Partition}}]}"""),
        new("POST", "/consumers/{group}/instances/{instance}/positions/end", $$"""{"partitions":[{{Partition}}]}"""),
    ];

    /// <summary>Whether the body holds records.</summary>
    public bool TakesRecords => Body.StartsWith("{\"records\"", StringComparison.Ordinal);

    /// <summary>Whether it belongs to the v2 dialect.</summary>
    public bool IsV2 => !Path.StartsWith("/v1", StringComparison.Ordinal);

    /// <summary>Every route, by its position.</summary>
    public static TheoryData<int, string> Data()
    {
        var data = new TheoryData<int, string>();
        for (var i = 0; i < All.Count; i++)
        {
            data.Add(i, $"{All[i].Method} {All[i].Path}");
        }

        return data;
    }

    /// <summary>Puts what exists on <see cref="StartAsync"/>'s host into a path.</summary>
    public static string Fill(string path) => path.Replace("{topic}", "t", StringComparison.Ordinal)
        .Replace("{partition}", "0", StringComparison.Ordinal)
        .Replace("{name}", "retention.ms", StringComparison.Ordinal)
        .Replace("{group}", path.Contains("offsets", StringComparison.Ordinal) && !path.Contains("member", StringComparison.Ordinal)
            && !path.Contains("instance", StringComparison.Ordinal) ? "empty" : "g", StringComparison.Ordinal)
        .Replace("{transaction}", "tx", StringComparison.Ordinal)
        .Replace("{member}", "i", StringComparison.Ordinal)
        .Replace("{instance}", "i", StringComparison.Ordinal);

    /// <summary>A host with the topic <c>t</c>, the transactional id <c>tx</c>, the member <c>i</c> of the group <c>g</c>, and a group without members.</summary>
    public static async Task<ApiHost> StartAsync(
        Action<LoireApiOptions>? configure = null, Action<Microsoft.Extensions.DependencyInjection.IServiceCollection>? services = null)
    {
        var host = await ApiHost.StartAsync(configure, services);
        host.Cluster.AddTopic("t");
        await host.PostAsync("/consumers/g", "application/vnd.kafka.v2+json", """{"name":"i"}""");
        host.Cluster.Consumer("g", "i").Assignment = [new("t", 0)];
        host.Cluster.Transaction("tx").Set(TransactionStatus.Ongoing, new ProducerIdentity(1, 0), new Timestamp(1), new TopicPartition("t", 0));
        await host.Cluster.Group("empty").Commit(new(null, -1, [new(new("t", 0), new Offset(0), LeaderEpoch.None, "", Timestamp.None)]));
        return host;
    }

    /// <summary>Sends the body with a type; null for none.</summary>
    public Task<Answered> SendAsync(IServed host, string? type, string? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(host, type, Encoding.UTF8.GetBytes(body ?? Body), headers);

    /// <inheritdoc cref="SendAsync(IServed, string?, string?, ValueTuple{string, string}[])"/>
    public Task<Answered> SendAsync(IServed host, string? type, byte[] body, params (string Name, string Value)[] headers) =>
        host.SendAsync(new HttpMethod(Method), Fill(Path), type, body, null, headers);

    /// <summary>The type that makes the plain answer: the dialect's records need a format.</summary>
    public string PlainType => IsV2 && TakesRecords ? "application/vnd.kafka.binary.v2+json" : "application/json";
}
