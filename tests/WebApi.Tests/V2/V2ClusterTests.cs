using System.Net;
using Loire.Grains.Tests.Clusters;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using static Loire.WebApi.Tests.V2.V2Client;

namespace Loire.WebApi.Tests.V2;

/// <summary>One consumer instance through the HTTP servers of several silos in turn, as a balancer without a memory sends its requests.</summary>
public sealed class V2ClusterTests
{
    [Fact]
    public async Task Every_node_serves_an_instance_whichever_made_it()
    {
        await using var cluster = await SharedStore.DeployAsync(
            3, new LossyGrainStorage(), build: builder => builder.AddSiloBuilderConfigurator<WithConsumers>());
        var nodes = new List<ApiHost>();
        try
        {
            foreach (var silo in cluster.Silos)
            {
                var grains = cluster.GetSiloServiceProvider(silo.SiloAddress).GetRequiredService<IGrainFactory>();
                nodes.Add(await ApiHost.StartAsync(services: services => services.AddSingleton(grains)));
            }

            var turn = 0;
            ApiHost Next() => nodes[turn++ % nodes.Count];

            Assert.Equal(HttpStatusCode.Created, (await Next().PostV2Async("/admin/topics", """{"topic_name":"t","partitions_count":4}""")).Status);
            Assert.Equal(HttpStatusCode.OK, (await Next().PostV2Async("/consumers/g", """{"name":"i","format":"json","auto.offset.reset":"earliest"}""")).Status);
            AssertError(await Next().PostV2Async("/consumers/g", """{"name":"i"}"""), 409, 40902);
            Assert.Equal(HttpStatusCode.NoContent, (await Next().PostV2Async($"{Instance}/subscription", """{"topics":["t"]}""")).Status);
            var body = $$"""{"records":[{{string.Join(',', Enumerable.Range(0, 40).Select(i => $$"""{"value":{{i}},"partition":{{i % 4}}}"""))}}]}""";
            Assert.Equal(HttpStatusCode.OK, (await Next().PostV2Async("/topics/t", body, Json)).Status);

            var values = new List<int>();
            await Until.TrueAsync(async () =>
            {
                var answer = await Next().GetAsync($"{Instance}/records?timeout=100", Json);
                Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
                values.AddRange(answer.Json.EnumerateArray().Select(record => record.GetProperty("value").GetInt32()));
                return values.Count >= 40;
            });
            Assert.Equal(Enumerable.Range(0, 40), values.Order());
            Assert.Equal(HttpStatusCode.OK, (await Next().PostV2Async($"{Instance}/offsets", "")).Status);
            const string Which = """{"partitions":[{"topic":"t","partition":0},{"topic":"t","partition":1},{"topic":"t","partition":2},{"topic":"t","partition":3}]}""";
            var offsets = (await Next().PostV2Async($"{Instance}/offsets:query", Which)).Json.GetProperty("offsets");
            Assert.Equal([10, 10, 10, 10], offsets.EnumerateArray().Select(offset => offset.GetProperty("offset").GetInt32()));
            Assert.Equal(HttpStatusCode.NoContent, (await Next().SendAsync(HttpMethod.Delete, Instance, null, null)).Status);
            AssertError(await Next().GetAsync($"{Instance}/assignments"), 404, 40403);
        }
        finally
        {
            foreach (var node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    private sealed class WithConsumers : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder) => siloBuilder.AddLoireConsumers();
    }
}
