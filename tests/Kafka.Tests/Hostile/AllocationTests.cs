using System.Buffers.Binary;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Tests.Hostile;

/// <summary>What large frames may cost.</summary>
public class AllocationTests
{
    private const int FrameBytes = 200_000;

    /// <summary>Each version of each request, with a first array that claims to fill a large frame of equal bytes.</summary>
    [Theory]
    [InlineData(0x00)]
    [InlineData(0x01)]
    [InlineData(0x02)]
    [InlineData(0x7f)]
    [InlineData(0x80)]
    [InlineData(0xff)]
    public void A_large_frame_of_equal_bytes_never_takes_more_than_eight_times_its_size(byte filler)
    {
        var frame = new byte[FrameBytes];
        foreach (var api in KafkaApi.All)
        {
            for (var version = api.MinVersion; version <= api.MaxVersion; version++)
            {
                for (var at = 0; at < 24; at++)
                {
                    Array.Fill(frame, filler);
                    WriteCount(frame.AsSpan(at), api.IsFlexible(version), 40_000);
                    Decoding.Read(api.NewRequest, version, frame);
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Strings_of_a_letter_by_the_thousand_are_refused_before_they_take_too_much(int length)
    {
        var request = new ConsumerGroupHeartbeatRequest { SubscribedTopicNames = [.. Enumerable.Repeat(new string('a', length), 100_000)] };
        var bytes = MessageBytes.Encode(request, 1);
        Assert.Null(Decoding.Read(static () => new ConsumerGroupHeartbeatRequest(), 1, bytes));
        var exception = Assert.Throws<MalformedMessageException>(() => Read(new ConsumerGroupHeartbeatRequest(), bytes, 1));
        Assert.Equal(MalformedReason.Expansion, exception.Reason);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(13)]
    public void Names_as_they_are_in_use_fit_into_the_budget(short version)
    {
        var request = new MetadataRequest { Topics = [.. Enumerable.Range(10_000, 50_000).Select(i => new MetadataRequest.Topic { Name = $"{i}" })] };
        var read = Decoding.Read(static () => new MetadataRequest(), version, MessageBytes.Encode(request, version));
        Assert.Equal(50_000, Assert.IsType<MetadataRequest>(read).Topics!.Length);
    }

    [Fact]
    public void A_small_frame_is_never_refused_for_its_short_strings()
    {
        var request = new ConsumerGroupHeartbeatRequest { SubscribedTopicNames = [.. Enumerable.Repeat("a", 1_000)] };
        Assert.NotNull(Decoding.Read(static () => new ConsumerGroupHeartbeatRequest(), 1, MessageBytes.Encode(request, 1)));
    }

    [Theory]
    [InlineData(1_000_000, true)]
    [InlineData(1_000_001, false)]
    public void An_array_has_a_million_elements_at_most(int count, bool isLegal)
    {
        var bytes = MessageBytes.Encode(new ListTransactionsRequest { ProducerIdFilters = new long[count] }, 0);
        Assert.Equal(isLegal, Decoding.Read(static () => new ListTransactionsRequest(), 0, bytes) is not null);
    }

    [Fact]
    public void Reading_a_Produce_request_again_allocates_its_objects_only()
    {
        var request = new ProduceRequest
        {
            TransactionalId = "transactional",
            TopicData = [.. Enumerable.Range(0, 10).Select(i => new ProduceRequest.Topic
            {
                Name = $"orders-{i}",
                PartitionData = [.. Enumerable.Range(0, 10).Select(j => new ProduceRequest.Partition { Index = j, Records = new RecordBytes(new byte[1_000]) })],
            })],
        };
        var (bytes, strings) = (MessageBytes.Encode(request, 12), new StringCache());
        Allocated();
        Allocated();
        var allocated = Allocated();

        // The request, an array of topics, and for each topic an array of partitions of 48 bytes each.
        Assert.InRange(allocated, 1, 10 * (24 + (10 * 48)) + 1_000);

        long Allocated()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var read = new ProduceRequest();
            var reader = new KafkaReader(bytes, strings);
            read.Read(ref reader, 12);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static void Read(IKafkaMessage message, byte[] bytes, short version)
    {
        var reader = new KafkaReader(bytes);
        message.Read(ref reader, version);
    }

    private static void WriteCount(Span<byte> target, bool compact, uint count)
    {
        if (!compact)
        {
            BinaryPrimitives.WriteUInt32BigEndian(target, count);
            return;
        }

        for (; count >= 0x80; count >>= 7, target = target[1..])
        {
            target[0] = (byte)(count | 0x80);
        }

        target[0] = (byte)count;
    }
}
