using System.Buffers;
using System.Text;
using Loire.Model;
using Loire.TestKit;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

/// <summary>Serializers and partitioners are the application's: they throw, wait, and call back.</summary>
public sealed class ApplicationCodeTests
{
    [Fact]
    public void A_serializer_that_throws_fails_its_record_and_no_other() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.ValueSerializer = new Text(
            (value, _) => value == "bad" ? throw new FormatException("no") : value));
        var outcomes = await producer.ProduceBatchAsync("t", [Value("a"), Value("bad"), Value("b")]);
        var failure = Assert.IsType<SerializationException>(outcomes[1].Failure);
        Assert.Equal(MessageComponent.Value, failure.Component);
        Assert.IsType<FormatException>(failure.InnerException);
        await Assert.ThrowsAsync<SerializationException>(() => producer.EnqueueAsync("t", Value("bad")).AsTask());
        Assert.Equal(["a", "b"], await bench.Log());
    });

    [Fact]
    public void A_serializer_may_write_half_and_throw() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.ValueSerializer = new Text((value, to) =>
        {
            to.Write("half"u8);
            return value == "bad" ? throw new FormatException("no") : value;
        }));
        await Assert.ThrowsAsync<SerializationException>(() => producer.ProduceAsync("t", Value("bad", "key")).AsTask());
        await producer.ProduceAsync("t", Value("a"));
        Assert.Equal(["halfa"], await bench.Log());
    });

    [Fact]
    public void A_serializer_may_produce_records_itself() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        IProducer<string, string> producer = null!;
        producer = bench.Producer(options => options.ValueSerializer = new Text((value, _) =>
        {
            if (value == "outer")
            {
                Assert.True(producer.EnqueueAsync("t", Value("inner")).IsCompletedSuccessfully);
            }

            return value;
        }));
        await producer.ProduceAsync("t", Value("first"));
        await producer.ProduceAsync("t", Value("outer"));
        Assert.Equal(["first", "inner", "outer"], await bench.Log());
        await producer.DisposeAsync();
    });

    [Fact]
    public void Records_with_serializers_that_wait_keep_the_order_of_the_calls() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.AsyncValueSerializer = new SlowText(time));
        var values = new[] { "500", "100", "300", "0" };
        await Task.WhenAll(values.Select(value => producer.ProduceAsync("t", Value(value)).AsTask()));
        Assert.Equal(values, await bench.Log());
        var outcome = await producer.TryProduceAsync("t", Value("not a number"));
        Assert.IsType<SerializationException>(outcome.Failure);
    });

    [Fact]
    public void Nulls_are_not_serialized_and_headers_arrive_in_order() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer();
        var headers = new Headers().Add("a", "1").Add("a", default(string)).Add("ü", "2");
        await producer.ProduceAsync("t", new Message<string, string> { Headers = headers });
        Assert.Equal(["null"], await bench.Log());
    });

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public void A_partitioner_that_chooses_what_is_not_there_fails_the_record(int choice) => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.Partitioner = new Chooser(() => choice));
        Assert.Equal(ErrorCode.InvalidPartitions, (await Fails(producer.ProduceAsync("t", Value("a")).AsTask())).Code);
        Assert.Equal(ErrorCode.InvalidPartitions, (await Fails(producer.ProduceAsync("t", Value("a")).AsTask())).Code);
    });

    [Fact]
    public void A_partitioner_that_throws_fails_the_record() => VirtualTime.Run(async time =>
    {
        var bench = new ProducerBench(time);
        await using var producer = bench.Producer(options => options.Partitioner = new Chooser(() => throw new FormatException("no")));
        Assert.IsType<FormatException>((await Fails(producer.ProduceAsync("t", Value("a")).AsTask())).InnerException);
    });

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Options_out_of_range_are_refused_by_name(string name, Action<ProducerOptions<string, string>> spoil) => VirtualTime.Run(time =>
    {
        var bench = new ProducerBench(time);
        var refusal = Assert.ThrowsAny<ArgumentException>(() => bench.Producer(spoil));
        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
        return Task.CompletedTask;
    });

    [Fact]
    public void A_type_without_a_serializer_is_refused() => VirtualTime.Run(time =>
    {
        var bench = new ProducerBench(time);
        Assert.Throws<NotSupportedException>(() => new Producer<string, Version>(bench.Directory, bench.Cluster.Factory, new ProducerOptions<string, Version>(), time, ClientMetrics.OfProcess));
        return Task.CompletedTask;
    });

    public static TheoryData<string, Action<ProducerOptions<string, string>>> BadOptions => new()
    {
        { "Linger", options => options.Linger = TimeSpan.FromTicks(-1) },
        { "BatchSize", options => options.BatchSize = 0 },
        { "BatchSize", options => options.BatchSize = int.MaxValue },
        { "BufferMemory", options => options.BufferMemory = 0 },
        { "MaxBlock", options => options.MaxBlock = TimeSpan.FromTicks(-1) },
        { "MaxBlock", options => options.MaxBlock = TimeSpan.MaxValue },
        { "MaxRecordBytes", options => options.MaxRecordBytes = 0 },
        { "Compression", options => options.Compression = (Model.CompressionType)7 },
        { "Acks", options => options.Acks = (Acks)2 },
        { "Acks", options => (options.EnableIdempotence, options.Acks) = (true, Acks.Leader) },
        { "Retries", options => options.Retries = -1 },
        { "RequestTimeout", options => options.RequestTimeout = TimeSpan.Zero },
        { "DeliveryTimeout", options => options.DeliveryTimeout = TimeSpan.FromSeconds(29) },
        { "RetryBackoff", options => options.RetryBackoff = TimeSpan.FromSeconds(2) },
        { "RetryBackoffMax", options => options.RetryBackoffMax = TimeSpan.MaxValue },
        { "MaxInFlight", options => options.MaxInFlight = 0 },
        { "MetadataMaxAge", options => options.MetadataMaxAge = TimeSpan.FromTicks(-1) },
        { "ClientId", options => options.ClientId = null! },
        { "KeySerializer", options => (options.KeySerializer, options.AsyncKeySerializer) = (Serializers.For<string>(), new SlowText(null!)) },
    };

    private sealed class Text(Func<string, IBufferWriter<byte>, string> write) : ISerializer<string>
    {
        public void Serialize(string value, IBufferWriter<byte> destination, in SerializationContext context) =>
            Encoding.UTF8.GetBytes(write(value, destination), destination);
    }

    private sealed class SlowText(TimeProvider time) : IAsyncSerializer<string>
    {
        public async ValueTask SerializeAsync(
            string value, IBufferWriter<byte> destination, SerializationContext context, CancellationToken cancellation)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(int.Parse(value)), time, cancellation);
            Encoding.UTF8.GetBytes(value, destination);
        }
    }

    private sealed class Chooser(Func<int> choose) : IPartitioner
    {
        public int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull) => choose();
    }
}
