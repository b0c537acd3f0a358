using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.Silo.Tests;

public sealed class TracesTests
{
    [Fact]
    public async Task A_produce_over_HTTP_is_one_trace_through_the_edge_and_the_partition()
    {
        var trace = ActivityTraceId.CreateRandom();
        var caller = ActivitySpanId.CreateRandom();
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Loire.WebApi" or "Microsoft.AspNetCore" or "Microsoft.Orleans.Application",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.TraceId == trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,

            // Other listeners of the process may record other traces.
            ActivityStopped = span =>
            {
                if (span.TraceId == trace)
                {
                    spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var node = await EmbeddedNode.StartAsync(options => options.PropagateTraces = true);
        await node.SendAsync(HttpMethod.Post, "/v1/topics", """{"topic_name":"t"}""");
        await node.SendAsync(HttpMethod.Post, "/v1/topics/t/records", "a\nb\n", "text/plain", $"00-{trace}-{caller}-01");

        // A request's span ends after its answer, but before the server has stopped.
        await node.StopAsync();
        var request = Assert.Single(spans, span => span.Source.Name == "Microsoft.AspNetCore");
        Assert.Equal((ActivityKind.Server, caller), (request.Kind, request.ParentSpanId));
        var send = Assert.Single(spans, span => span.Source.Name == "Loire.WebApi");
        Assert.Equal(("send t", ActivityKind.Producer, request.SpanId), (send.DisplayName, send.Kind, send.ParentSpanId));
        Assert.Equal(
            ("kafka", "send", "t", 2L),
            (send.GetTagItem("messaging.system"), send.GetTagItem("messaging.operation.type"), send.GetTagItem("messaging.destination.name"),
                send.GetTagItem("messaging.batch.message_count")));
        var call = Assert.Single(spans, span => span.Kind == ActivityKind.Client && IsAppend(span));
        Assert.Equal(send.SpanId, call.ParentSpanId);
        var grain = Assert.Single(spans, span => span.Kind == ActivityKind.Server && IsAppend(span));
        Assert.Equal(call.SpanId, grain.ParentSpanId);
    }

    [Fact]
    public async Task Metrics_and_traces_reach_the_collector_of_the_OTLP_endpoint()
    {
        var bodies = new ConcurrentDictionary<string, string>();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var collector = builder.Build();
        collector.Run(async context =>
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            bodies.AddOrUpdate(context.Request.Path, _ => Text(body), (_, before) => before + Text(body));
        });
        await collector.StartAsync();
        var endpoint = new Uri(collector.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

        await using (var node = await EmbeddedNode.StartAsync(
            options => options.OtlpEndpoint = endpoint,
            host => host.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"))
        {
            await MetricsTests.ProduceFetchAndCommitAsync(node);
        }

        Assert.All(
            ["loire.partition.append.records", "loire.group.commits", "http.server.request.duration"],
            name => Assert.Contains(name, bodies["/v1/metrics"], StringComparison.Ordinal));
        Assert.All(["send t", "poll t", "/v1/topics/{topic}/records"], name => Assert.Contains(name, bodies["/v1/traces"], StringComparison.Ordinal));
    }

    private static bool IsAppend(Activity span) => span.DisplayName.EndsWith("/Append", StringComparison.Ordinal);

    private static string Text(MemoryStream body) => Encoding.Latin1.GetString(body.ToArray());
}
