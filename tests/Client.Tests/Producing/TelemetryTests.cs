using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

/// <summary>A listener to spans hears every test of the process, so it looks only at a client id of its own.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public void A_span_tells_of_each_call_and_its_context_travels_with_the_record() => VirtualTime.Run(async time =>
    {
        List<Activity> spans = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == LoireTelemetry.ActivitySourceName,

            // Other tests' records must not get headers from here.
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Tags!.Contains(new("messaging.client.id", "traced"))
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.GetTagItem("messaging.client.id") is "traced")
                {
                    spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.ClientId = "traced");
        await producer.ProduceAsync("t", Value("a"));
        await producer.ProduceAsync("t", Value("b") with { Headers = new Headers().Add("traceparent", "mine").Add("x", "y") });
        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.InvalidRecord);
        await Fails(producer.ProduceAsync("t", Value("c")).AsTask());

        Assert.All(spans, span => Assert.Equal(("send t", ActivityKind.Producer), (span.DisplayName, span.Kind)));
        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Unset, ActivityStatusCode.Error], spans.Select(span => span.Status));
        Assert.Equal("INVALID_RECORD", spans[2].GetTagItem("error.type"));
        Assert.Equal("t", spans[0].GetTagItem("messaging.destination.name"));
        Assert.Equal([$"traceparent={spans[0].Id}", "traceparent=mine;x=y"], await Headers(bench.Partition));
    });

    [Fact]
    public void Records_are_counted_by_how_they_ended() => VirtualTime.Run(async time =>
    {
        List<string> counted = [];
        long? buffered = null;
        using var meters = new Meters();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, meter) =>
        {
            if (meters.Made.Contains(instrument.Meter)
                && instrument.Name is "messaging.client.sent.messages" or "loire.producer.buffer.size")
            {
                meter.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var named = tags.ToArray().ToDictionary();
            if (instrument.Name == "loire.producer.buffer.size")
            {
                Assert.Equal("measured", named["messaging.client.id"]);
                buffered = value;
            }
            else
            {
                counted.Add($"{value} to {named["messaging.destination.partition.id"]} {named.GetValueOrDefault("error.type")}");
            }
        });
        listener.Start();
        var bench = new ProducerBench(time) { Metrics = new ClientMetrics(meters) };
        bench.Cluster.AddTopic("measured", 2);
        await using var producer = bench.Producer(options => (options.ClientId, options.Linger) = ("measured", TimeSpan.FromSeconds(1)));
        var calls = Enumerable.Range(0, 3).Select(i => producer.EnqueueAsync(new TopicPartition("measured", 1), Value("a")).AsTask()).ToArray();
        await Task.WhenAll(calls);
        listener.RecordObservableInstruments();
        Assert.InRange(buffered!.Value, 3, 200);
        await producer.FlushAsync();
        bench.Cluster.Partition("measured", 0).BeforeAppend = _ => Task.FromResult(ErrorCode.InvalidRecord);
        await producer.TryProduceAsync("measured", Value("a"));
        await Fails(producer.ProduceAsync(new TopicPartition("measured", 0), Value("a")).AsTask());
        listener.RecordObservableInstruments();
        Assert.Equal(0, buffered);
        Assert.Equal("3 to 1 ", counted[0]);
        Assert.Equal("1 to 0 INVALID_RECORD", counted[^1]);
    });

    private static async Task<List<string>> Headers(IPartitionGrain partition)
    {
        List<string> texts = [];
        var result = await partition.Fetch(new FetchRequest(Offset.Zero, 1024 * 1024, 0, TimeSpan.Zero), default);
        Read(TestBatches.Join(result.Batches), texts);
        return texts;
    }

    private static void Read(ReadOnlySpan<byte> log, List<string> texts)
    {
        while (!log.IsEmpty)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(log, out var batch));
            var reader = new RecordReader(batch, batch.Payload);
            while (reader.MoveNext())
            {
                List<string> pairs = [];
                foreach (var header in reader.Current.Headers)
                {
                    pairs.Add($"{Encoding.UTF8.GetString(header.Key)}={Encoding.UTF8.GetString(header.Value)}");
                }

                texts.Add(string.Join(';', pairs));
            }

            log = log[batch.SizeInBytes..];
        }
    }
}
