using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using Loire.Kafka.Clients.Tests;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Trace;

namespace Loire.Kafka.Ecosystem.Tests;

/// <summary>
/// Traces of OpenTelemetry through a topic: the context of the producer's span travels in the headers of its record, and the consumer's span links to it.
/// </summary>
public sealed class OpenTelemetryTests(KafkaNode node) : IClassFixture<KafkaNode>
{
    private static readonly ActivitySource Source = new("Loire.Kafka.Ecosystem.Tests");
    private static readonly TraceContextPropagator Propagator = new();

    [Fact]
    public async Task A_trace_goes_on_from_the_producer_to_the_consumer()
    {
        await Topics.CreateAsync(node, "traced");
        List<Activity> exported = [];
        using (var provider = Sdk.CreateTracerProviderBuilder().AddSource(Source.Name).AddInMemoryExporter(exported).Build())
        {
            using (var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = node.Bootstrap }).Build())
            using (var span = Source.StartActivity("send traced", ActivityKind.Producer))
            {
                var message = new Message<string, string> { Key = "k", Value = "v", Headers = [] };
                Propagator.Inject(
                    new PropagationContext(span!.Context, default), message.Headers, static (headers, key, value) => headers.Add(key, Encoding.UTF8.GetBytes(value)));
                await producer.ProduceAsync("traced", message);
            }

            Topics.Read(node, "traced", Deserializers.Utf8, message =>
            {
                var parent = Propagator.Extract(default, message.Headers, static (headers, key) =>
                    headers.TryGetLastBytes(key, out var bytes) ? [Encoding.UTF8.GetString(bytes)] : []);
                using var span = Source.StartActivity("process traced", ActivityKind.Consumer, parent.ActivityContext);
                return true;
            });
            provider.ForceFlush();
        }

        var (sent, processed) = (exported.Single(span => span.Kind == ActivityKind.Producer), exported.Single(span => span.Kind == ActivityKind.Consumer));
        Assert.Equal((sent.TraceId, sent.SpanId), (processed.TraceId, processed.ParentSpanId));
    }
}
